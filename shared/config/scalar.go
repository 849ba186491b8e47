package config

import (
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

func (r *reader) text(n node, into *string, path string) {
	s, ok := n.(*ast.StringNode)
	switch {
	case ok && strings.ContainsFunc(s.Value, unicode.IsControl):
		r.failAt(first(n), path, "has a control character or a line break in it; write plain text on one line")
	case ok:
		*into = s.Value
	default:
		what := "text"
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
			what = "text in quotes"
		}
		r.wants(n, path, what)
	}
}

func (r *reader) number(n node, into *int, path string) {
	if i, ok := n.(*ast.IntegerNode); ok {
		// Not the node's own value: to YAML 1.1, 010 is eight.
		if number, err := strconv.ParseUint(i.Token.Value, 10, 53); err == nil {
			*into = int(number)
			return
		}
	}
	r.wants(n, path, "a whole number from 0 on")
}

// limit reads a number from 1 on, or the word unlimited.
func (r *reader) limit(n node, into *Limit, path string) {
	var number int
	if s, ok := n.(*ast.StringNode); ok && s.Value == "unlimited" {
		*into = -1
		return
	}
	if _, ok := n.(*ast.IntegerNode); ok {
		r.number(n, &number, path)
		if number > 0 {
			*into = Limit(number)
			return
		}
	}
	r.wants(n, path, "a whole number from 1 on, or unlimited")
}

// price reads a number that may have a fraction.
func (r *reader) price(n node, into *float64, path string) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if number, err := strconv.ParseFloat(n.GetToken().Value, 64); err == nil && number >= 0 && number <= 1e6 {
			*into = number
			return
		}
	}
	r.wants(n, path, "a price from 0 on, such as 0.005")
}

func (r *reader) duration(n node, into *time.Duration, path string) {
	if s, ok := n.(*ast.StringNode); ok {
		if d, err := time.ParseDuration(s.Value); err == nil {
			*into = d
			return
		}
	}
	r.wants(n, path, "a time such as 24h or 90m")
}

// source reads one key of a Source.
func (r *reader) source(n node, v reflect.Value, part, path string) {
	var text string
	before := len(r.problems)
	r.text(n, &text, path)
	if len(r.problems) > before {
		r.problems[len(r.problems)-1].Text = "wants text on one line" // and does not show what may be a secret
		return
	}
	switch {
	case part == "Env" && !isVariable(text):
		r.fail(path, "wants the name of an environment variable, of A-Z, 0-9 and _, at most %d long; the secret itself does not belong into this file", longestVariable)
	case text == "":
		r.fail(path, "is empty; name a file, or remove the line")
	case part == "File" && !filepath.IsAbs(text):
		text = filepath.Join(filepath.Dir(r.file), text)
		fallthrough
	default:
		v.SetString(text)
	}
}

// describe names what was found in place of what was wanted.
func describe(n node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode, nil:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which are not taken here"
	case *ast.TagNode:
		return "a tag"
	case *ast.LiteralNode:
		return "a block of lines"
	case *ast.StringNode:
		return strconv.Quote(clip(n.Value))
	default:
		return clip(n.GetToken().Value)
	}
}

// shown is a key as paths show it: what is odd, in quotes.
func shown(key string) string {
	if isPathPart(key) && len(key) <= longestVariable {
		return key
	}
	return strconv.Quote(clip(key))
}

// clip keeps messages short.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
