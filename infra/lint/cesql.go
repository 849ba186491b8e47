package lint

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// guards finds CESQL that uses an attribute an event may lack without asking
// EXISTS for it first: the expression fails then, and delivers nothing.
func (l *linter) guards(d *document, t manifest.Trigger) {
	var walk func(exprs []filter.Expr, path string)
	walk = func(exprs []filter.Expr, path string) {
		for n, expr := range exprs {
			at := path + "[" + itoa(n) + "]"
			walk(expr.All, at+".all")
			walk(expr.Any, at+".any")
			if expr.Not != nil {
				walk([]filter.Expr{*expr.Not}, at+".not")
			}
			if name := unguarded(expr.CESQL); name != "" {
				l.find(d, at+".cesql", rule{
					"cesql", Error, "An event without it makes the expression fail, and is delivered to nobody, without a word.",
					"Write EXISTS " + name + " AND ….",
				}, "CESQL uses %s, which an event may lack: %.200s", name, expr.CESQL)
			}
		}
	}
	walk(t.Filters, "spec.filters")
}

// always are the attributes every event has (CloudEvents 1.0, required
// attributes).
func always(name string) bool {
	return slices.Contains([]string{"id", "source", "specversion", "type"}, name)
}

// unguarded names the first attribute of an expression that is used before any
// EXISTS asked for it. The grammar is that of CloudEvents SQL 1.0: words that are
// no keyword, no function's name and no text are attributes.
func unguarded(expression string) string {
	keywords := []string{"and", "or", "xor", "not", "like", "in", "exists", "true", "false"}
	guarded := map[string]bool{}
	last := ""
	for i := 0; i < len(expression); {
		c := expression[i]
		switch {
		case c == '\'' || c == '"':
			i = endOfText(expression, i)
			last = ""
		case word(c):
			start := i
			for i < len(expression) && word(expression[i]) {
				i++
			}
			name := strings.ToLower(expression[start:i])
			call := strings.HasPrefix(strings.TrimLeft(expression[i:], " \t\n"), "(")
			switch {
			case last == "exists":
				guarded[name] = true
			case slices.Contains(keywords, name), call, name[0] >= '0' && name[0] <= '9', always(name), guarded[name]:
			default:
				return name
			}
			last = name
		default:
			i++
		}
	}
	return ""
}

// endOfText gives where the text that begins at i ends. A quote inside is
// written \' or \".
func endOfText(expression string, i int) int {
	quote := expression[i]
	for i++; i < len(expression); i++ {
		switch expression[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(expression)
}

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
