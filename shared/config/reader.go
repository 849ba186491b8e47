package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

type node = ast.Node

// reader walks a YAML document along the types of this package and collects
// what is wrong with it. A decoder would stop at the first mistake.
type reader struct {
	file string
	// places are where each key given is; bad, the paths reported already.
	places   map[string]Problem
	bad      map[string]bool
	problems Problems
}

func newReader(file string) *reader {
	return &reader{file: file, places: map[string]Problem{}, bad: map[string]bool{}}
}

// failAt reports a problem with what is at path, once.
func (r *reader) failAt(place Problem, path, format string, args ...any) {
	if r.bad[path] {
		return
	}
	r.bad[path] = true
	r.problems = append(r.problems, Problem{r.file, place.Line, place.Column, path, fmt.Sprintf(format, args...)})
}

// fail reports a problem with what is at path or should be. What follows from
// a problem reported already is not reported.
func (r *reader) fail(path, format string, args ...any) {
	for above := path; ; above = parent(above) {
		if r.bad[above] {
			return
		}
		if above == "" {
			break
		}
	}
	r.failAt(r.place(path), path, format, args...)
}

// place is where path is, or what it would be in.
func (r *reader) place(path string) Problem {
	for {
		if place, ok := r.places[path]; ok || path == "" {
			place.Line, place.Column = max(1, place.Line), max(1, place.Column)
			return place
		}
		path = parent(path)
	}
}

// troubled tells whether something within path was reported.
func (r *reader) troubled(path string) bool {
	for bad := range r.bad {
		if strings.HasPrefix(bad, path+".") {
			return true
		}
	}
	return false
}

func (r *reader) given(path string) bool {
	_, ok := r.places[path]
	return ok
}

// parent cuts the last key or index off.
func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// first is where a value begins: the token of a mapping is its first colon.
func first(n node) Problem {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return Problem{Line: 1, Column: 1}
	}
	at := n.GetToken().Position
	return Problem{Line: max(1, at.Line), Column: max(1, at.Column)}
}

// value reads n into v.
func (r *reader) value(n node, v reflect.Value, path string) {
	switch into := v.Addr().Interface().(type) {
	case *time.Duration:
		r.duration(n, into, path)
		return
	case *string:
		r.text(n, into, path)
		return
	case *int:
		r.number(n, into, path)
		return
	case *Limit:
		r.limit(n, into, path)
		return
	case *float64:
		r.price(n, into, path)
		return
	case *bool:
		if b, ok := n.(*ast.BoolNode); ok {
			*into = b.Value
		} else {
			r.wants(n, path, "true or false")
		}
		return
	}
	switch v.Kind() { //nolint:exhaustive // the types here have no others
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(n, v.Elem(), path)
	case reflect.Struct:
		r.section(n, v, path)
	case reflect.Map:
		r.instances(n, v, path)
	case reflect.Slice:
		r.list(n, v, path)
	}
}

func (r *reader) wants(n node, path, what string) {
	r.failAt(first(n), path, "wants %s, not %s", what, describe(n))
}

// section reads the keys of a struct.
func (r *reader) section(n node, v reflect.Value, path string) {
	all := fields(v.Type())
	known := map[string]field{}
	for _, f := range all {
		known[f.key] = f
	}
	r.pairs(n, path, func(key, full string, at Problem, value node) {
		f, ok := known[key]
		switch {
		case !ok:
			r.unknown(key, full, at, path, all)
		case f.part != "":
			r.source(value, v.Field(f.index).FieldByName(f.part), f.part, full)
		default:
			r.value(value, v.Field(f.index), full)
		}
	})
}

// unknown reports a key that no section has. Its value is not shown: it may be
// a secret.
func (r *reader) unknown(key, full string, at Problem, path string, all []field) {
	var keys []string
	for _, f := range all {
		keys = append(keys, f.key)
		if f.part != "" && strings.TrimSuffix(f.key, "_file") == key {
			options := keysOf(all, f.index)
			r.failAt(at, full, "its content does not belong into this file; say where it is, with %s", options)
			for option := range strings.SplitSeq(options, " or ") {
				r.bad[join(path, option)] = true // so it is not called missing as well
			}
			return
		}
	}
	r.failAt(at, full, "unknown key%s", meant(key, keys))
	if likely := near(key, keys); likely != "" && !r.given(join(path, likely)) {
		r.bad[join(path, likely)] = true // likewise
	}
}

// instances reads a mapping of names to sections.
func (r *reader) instances(n node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	r.pairs(n, path, func(key, full string, at Problem, value node) {
		if v.Type().Key() == reflect.TypeFor[string]() && !isName(key) {
			r.failAt(at, full, "is no good name; an instance is named with a-z, 0-9 and -, beginning with a letter, at most %d long", longestName)
		}
		one := reflect.New(v.Type().Elem()).Elem()
		r.value(value, one, full)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), one)
	})
}

// pairs visits the keys of a mapping.
func (r *reader) pairs(n node, path string, visit func(key, full string, at Problem, value node)) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		if _, ok := n.(*ast.StringNode); ok { // not shown: it may be a secret
			r.failAt(first(n), path, "wants keys with values, not text")
			return
		}
		r.wants(n, path, "keys with values")
		return
	}
	for _, pair := range values {
		at := first(pair.Key)
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			r.failAt(at, join(path, strconv.Quote(clip(pair.Key.GetToken().Value))), "a key is plain text; anchors, merges and other kinds of keys are not taken")
			continue
		}
		full := join(path, shown(key.Value))
		if before, twice := r.places[full]; twice {
			delete(r.bad, full)
			r.failAt(at, full, "is given twice, first in line %d; keep one", before.Line)
			continue
		}
		r.places[full] = at
		switch pair.Value.(type) {
		case *ast.NullNode, nil:
			r.failAt(at, full, "has no value; give it one, or remove the line")
			continue
		case ast.ScalarNode:
			r.places[full] = first(pair.Value)
		}
		visit(key.Value, full, at, pair.Value)
	}
}

func (r *reader) list(n node, v reflect.Value, path string) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.wants(n, path, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, item := range s.Values {
		at := index(path, i)
		r.places[at] = first(item)
		r.value(item, v.Index(i), at)
	}
}
