// Package filter decides whether a Trigger wants an event, with the meaning
// Knative Eventing gives to spec.filter and spec.filters, and says why.
//
// The same evaluation gives the answer and its reason, so what is explained
// is what is delivered. Semantics: knative.dev/eventing v0.49.2,
// pkg/eventfilter; where Knative lets an unreadable filter match everything,
// Compile and Attributes refuse it.
package filter

import (
	"maps"
	"slices"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/event"
)

// Expr is one entry of spec.filters as written: exactly one field is set.
type Expr struct {
	Exact, Prefix, Suffix map[string]string
	All, Any              []Expr
	Not                   *Expr
	CESQL                 string
}

// Filter is a checked filter. The zero value wants every event. It is safe
// for concurrent use.
type Filter struct {
	root node
}

// node is one evaluated part. The reason is only written when asked for,
// because it costs more than the answer.
type node interface {
	eval(e *event.Event, explain bool) (outcome, string)
}

// outcome is what a part says of an event.
type outcome int8

const (
	rejects outcome = iota
	accepts
	// broken is an expression that gave neither true nor false. Knative's filter
	// panics there, so nothing around it, also no not, brings a delivery.
	broken
)

func says(yes bool) outcome {
	if yes {
		return accepts
	}
	return rejects
}

// Match reports whether the filter wants e.
func (f Filter) Match(e event.Event) bool {
	if f.root == nil {
		return true
	}
	got, _ := f.root.eval(&e, false)
	return got == accepts
}

// Explain reports whether the filter wants e, and which attribute decided.
func (f Filter) Explain(e event.Event) (matched bool, why string) {
	if f.root == nil {
		return true, "the trigger has no filter"
	}
	got, why := f.root.eval(&e, true)
	return got == accepts, why
}

// Error is a filter that cannot be used. Path says where, relative to the
// field handed in: "[0].any[1].cesql".
type Error struct {
	Path    string
	Problem string
}

// Error says where and what.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// Attributes makes the filter of spec.filter.attributes: every attribute has
// exactly this text; the empty text means "present, whatever it is".
func Attributes(attributes map[string]string) (Filter, error) {
	if len(attributes) == 0 {
		return Filter{}, nil
	}
	var all allOf
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := checkName(name, "."+name); err != nil {
			return Filter{}, err
		}
		all = append(all, legacy{name, attributes[name]})
	}
	return Filter{all}, nil
}

// Compile makes the filter of spec.filters: all entries must accept.
func Compile(exprs []Expr) (Filter, error) {
	if len(exprs) == 0 {
		return Filter{}, nil
	}
	all, err := compileList(exprs, "")
	if err != nil {
		return Filter{}, err
	}
	return Filter{allOf(all)}, nil
}

func compileList(exprs []Expr, path string) ([]node, error) {
	if len(exprs) == 0 {
		return nil, &Error{path, "the list is empty; Knative would drop it and match everything"}
	}
	nodes := make([]node, 0, len(exprs))
	for i, expr := range exprs {
		n, err := compile(expr, path+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func compile(expr Expr, path string) (node, error) {
	var found []string
	for name, set := range map[string]bool{
		"exact": expr.Exact != nil, "prefix": expr.Prefix != nil, "suffix": expr.Suffix != nil,
		"all": expr.All != nil, "any": expr.Any != nil, "not": expr.Not != nil, "cesql": expr.CESQL != "",
	} {
		if set {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		slices.Sort(found)
		return nil, &Error{path, "wants exactly one of exact, prefix, suffix, all, any, not, cesql; has " + list(found)}
	}
	path += "." + found[0]
	switch found[0] {
	case "exact":
		return compileTexts(expr.Exact, exact, path)
	case "prefix":
		return compileTexts(expr.Prefix, prefix, path)
	case "suffix":
		return compileTexts(expr.Suffix, suffix, path)
	case "all":
		nodes, err := compileList(expr.All, path)
		return allOf(nodes), err
	case "any":
		nodes, err := compileList(expr.Any, path)
		return anyOf(nodes), err
	case "not":
		inner, err := compile(*expr.Not, path)
		return not{inner}, err
	default:
		return compileSQL(expr.CESQL, path)
	}
}

func compileTexts(texts map[string]string, how comparison, path string) (node, error) {
	if len(texts) == 0 {
		return nil, &Error{path, "names no attribute; Knative would drop it and match everything"}
	}
	var all allOf
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		at := path + "." + name
		if err := checkName(name, at); err != nil {
			return nil, err
		}
		if texts[name] == "" {
			return nil, &Error{at, "the text is empty; Knative would drop the filter and match everything"}
		}
		all = append(all, compare{name, texts[name], how})
	}
	return all, nil
}

// checkName holds an attribute's name to what Knative's webhook accepts.
func checkName(name, path string) error {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return &Error{path, "an attribute's name begins with a letter and holds only a-z and 0-9"}
		}
	}
	if name == "" {
		return &Error{path, "an attribute has no name"}
	}
	return nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	out := names[0]
	for _, name := range names[1:] {
		out += " and " + name
	}
	return out
}
