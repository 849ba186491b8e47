package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/period"
	"go.yaml.in/yaml/v3"
)

// reader walks one YAML document strictly and collects what is wrong with
// it. Decoding into structs would lose the line of a wrong value, and would
// take 12 or yes for text, which a cluster refuses.
type reader struct {
	file  string
	lines map[string]int // of every field seen, so that later checks can name it
	errs  []error
}

func (r *reader) fail(n *yaml.Node, field, format string, args ...any) {
	r.errs = append(r.errs, &Error{r.file, n.Line, field, fmt.Sprintf(format, args...)})
}

// failAt is fail for a field known by name only.
func (r *reader) failAt(field, problem string) {
	at := field
	for r.lines[at] == 0 && at != "" {
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	r.errs = append(r.errs, &Error{r.file, max(1, r.lines[at]), field, problem})
}

// fields maps the names an object may have to what reads them.
type fields map[string]func(n *yaml.Node, at string)

// object hands each field of a mapping to its reader, and objects to fields
// that have none.
func (r *reader) object(n *yaml.Node, at string, known fields) {
	r.each(n, at, func(name string, key, value *yaml.Node, field string) {
		read, ok := known[name]
		if !ok {
			r.fail(key, field, "unknown field")
			return
		}
		read(value, field)
	})
}

func (r *reader) each(n *yaml.Node, at string, visit func(name string, key, value *yaml.Node, field string)) {
	r.lines[at] = n.Line
	if n.Kind != yaml.MappingNode {
		r.fail(n, at, "wants fields, not %s", describe(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field := key.Value
		if at != "" {
			field = at + "." + key.Value
		}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			r.fail(key, field, "a field's name is plain text, without << or ?")
			continue
		}
		if seen[key.Value] {
			r.fail(key, field, "is given twice")
			continue
		}
		seen[key.Value] = true
		r.lines[field] = key.Line
		visit(key.Value, key, value, field)
	}
}

func (r *reader) list(n *yaml.Node, at string, visit func(n *yaml.Node, at string)) {
	r.lines[at] = n.Line
	if n.Kind != yaml.SequenceNode {
		r.fail(n, at, "wants a list, not %s", describe(n))
		return
	}
	for i, item := range n.Content {
		field := at + "[" + strconv.Itoa(i) + "]"
		r.lines[field] = item.Line
		visit(item, field)
	}
}

// text reads text the way a cluster does: an unquoted number, date or one of
// YAML 1.1's words for true and false is none.
func (r *reader) text(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		switch {
		case n.Kind != yaml.ScalarNode:
			r.fail(n, at, "wants text, not %s", describe(n))
		case n.Tag != "!!str" || n.Style == 0 && yes(n.Value):
			r.fail(n, at, "wants text: write %q with quotes", n.Value)
		default:
			*into = n.Value
		}
	}
}

func yes(text string) bool {
	switch strings.ToLower(text) {
	case "y", "yes", "n", "no", "on", "off", "true", "false":
		return true
	}
	return false
}

func (r *reader) texts(into *map[string]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		*into = map[string]string{}
		r.each(n, at, func(name string, _, value *yaml.Node, field string) {
			var text string
			r.text(&text)(value, field)
			(*into)[name] = text
		})
	}
}

func (r *reader) oneOf(into *string, words ...string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		r.text(into)(n, at)
		for _, word := range words {
			if *into == word {
				return
			}
		}
		r.fail(n, at, "wants %s", strings.Join(words, " or "))
	}
}

func (r *reader) number(into *int) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		value, err := strconv.ParseInt(n.Value, 10, 32)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || value < 0 {
			r.fail(n, at, "wants a number from 0 on")
			return
		}
		*into = int(value)
	}
}

// duration reads an ISO 8601 duration, with the library Knative reads it with.
func (r *reader) duration(into *time.Duration, least time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		var text string
		before := len(r.errs)
		if r.text(&text)(n, at); len(r.errs) > before {
			return
		}
		if len(text) > 64 {
			r.fail(n, at, "wants a duration such as PT0.2S or PT5M")
			return
		}
		p, err := period.Parse(text)
		d, _ := p.Duration()
		if err != nil || d < least {
			r.fail(n, at, "wants a duration such as PT0.2S or PT5M, not %q", text)
			return
		}
		*into = d
	}
}

// ignore accepts what a cluster needs and the local broker does not.
func (r *reader) ignore(*yaml.Node, string) {}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	default:
	}
	if n.Tag == "!!null" {
		return "nothing"
	}
	return strconv.Quote(n.Value)
}
