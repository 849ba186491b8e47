package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/cloudevents/sdk-go/v2/event"
)

type allOf []node

func (nodes allOf) eval(e *event.Event, explain bool) (outcome, string) {
	var reasons []string
	for _, n := range nodes {
		got, why := n.eval(e, explain)
		if got != accepts {
			return got, why
		}
		if explain {
			reasons = append(reasons, why)
		}
	}
	return accepts, strings.Join(reasons, " and ")
}

type anyOf []node

func (nodes anyOf) eval(e *event.Event, explain bool) (outcome, string) {
	var reasons []string
	for _, n := range nodes {
		got, why := n.eval(e, explain)
		if got != rejects {
			return got, why
		}
		if explain {
			reasons = append(reasons, why)
		}
	}
	if explain && len(reasons) > 1 {
		return rejects, "none of these: " + strings.Join(reasons, "; ")
	}
	return rejects, strings.Join(reasons, "")
}

type not struct{ inner node }

func (n not) eval(e *event.Event, explain bool) (outcome, string) {
	got, why := n.inner.eval(e, explain)
	switch {
	case got == broken:
		return broken, why
	case got == rejects:
		return accepts, why
	case explain:
		why += ", and the trigger wants that not to be so"
	}
	return rejects, why
}

// comparison is how an attribute's text is held against the wanted one.
type comparison struct {
	holds func(have, want string) bool
	words string
}

//nolint:gochecknoglobals // three constants that hold a function
var (
	exact  = comparison{func(have, want string) bool { return have == want }, ""}
	prefix = comparison{strings.HasPrefix, "something beginning with "}
	suffix = comparison{strings.HasSuffix, "something ending with "}
)

// compare is one attribute of exact, prefix or suffix. A value that is not
// text is compared as Go prints it, as Knative does.
type compare struct {
	name, want string
	how        comparison
}

func (c compare) eval(e *event.Event, explain bool) (outcome, string) {
	value, ok := lookup(e, c.name)
	if !ok {
		return rejects, missing(c.name, explain)
	}
	have, isText := value.(string)
	if !isText {
		have = fmt.Sprintf("%v", value)
	}
	matched := c.how.holds(have, c.want)
	switch {
	case !explain:
		return says(matched), ""
	case matched:
		return accepts, c.name + " is " + show(have)
	case have == "":
		return rejects, missing(c.name, true)
	}
	return rejects, c.name + " is " + show(have) + ", the trigger wants " + c.how.words + show(c.want)
}

// legacy is one attribute of spec.filter.attributes: only text equals text,
// and the empty text stands for any value but none.
type legacy struct{ name, want string }

func (l legacy) eval(e *event.Event, explain bool) (outcome, string) {
	value, ok := lookup(e, l.name)
	if !ok || (l.want == "" && value == "") {
		return rejects, missing(l.name, explain)
	}
	matched := l.want == "" || value == l.want
	if !explain {
		return says(matched), ""
	}
	have, isText := value.(string)
	switch {
	case !isText:
		have = show(fmt.Sprintf("%v", value))
		if !matched {
			return rejects, l.name + " is " + have + " but no text, and filter.attributes compares text only: use filters with exact"
		}
	case have == "":
		return rejects, missing(l.name, true)
	default:
		have = show(have)
	}
	if matched {
		return accepts, l.name + " is " + have
	}
	return rejects, l.name + " is " + have + ", the trigger wants " + show(l.want)
}

func missing(name string, explain bool) string {
	if !explain {
		return ""
	}
	return "attribute " + name + " is missing"
}

// show writes a value in a sentence: bare when it reads as one word, quoted
// and cut when it does not, because events come from outside.
func show(text string) string {
	const most = 200
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	for _, r := range text {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' {
			return strconv.Quote(text)
		}
	}
	if text == "" {
		return `""`
	}
	return text
}

// lookup gives an attribute as Knative's filters see it. Context attributes
// are always there, empty or zero when the event has none
// (pkg/eventfilter/attributes, LookupAttribute).
func lookup(e *event.Event, name string) (any, bool) {
	switch name {
	case "specversion":
		return e.SpecVersion(), true
	case "type":
		return e.Type(), true
	case "source":
		return e.Source(), true
	case "subject":
		return e.Subject(), true
	case "id":
		return e.ID(), true
	case "time":
		text, err := e.Time().MarshalText()
		return string(text), err == nil
	case "dataschema", "schemaurl":
		return e.DataSchema(), true
	case "datacontenttype":
		return e.DataContentType(), true
	case "datamediatype":
		return e.DataMediaType(), true
	case "datacontentencoding":
		return e.DeprecatedDataContentEncoding(), true
	}
	value, ok := e.Extensions()[name]
	return value, ok
}
