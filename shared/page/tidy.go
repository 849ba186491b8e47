package page

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/excerpt"
)

// Bounds of a page. What is left out is counted on it.
const (
	maxText     = 500 // bytes of any one text
	maxRows     = 500 // tests
	maxEvents   = 200
	maxElements = 100 // anything else there can be several of
	maxFailures = 10
	maxEntries  = 500 // rows of the overview
)

// tidy gives a copy of a run within the bounds, its texts fit to be shown and
// its unfit addresses gone.
func tidy(r Run) Run {
	r.MoreTests += max(0, len(r.Tests)-maxRows)
	r.Tests = sorted(r.Tests)
	r.Tests = r.Tests[:min(len(r.Tests), maxRows)]
	r.MoreEvents += max(0, len(r.Events)-maxEvents)
	r.Events = r.Events[:min(len(r.Events), maxEvents)]
	r.Failures = r.Failures[:min(len(r.Failures), maxFailures)]
	r = clean(reflect.ValueOf(r)).Interface().(Run)
	return r
}

// clean copies a value with every string in it cleaned and cut. Reflection is
// used so that a field added tomorrow cannot be forgotten.
func clean(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		if place, ok := v.Interface().(Place); ok {
			out.SetString(address(string(place)))
			break
		}
		out.SetString(text(v.String()))
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		n := min(v.Len(), bound(v.Type().Elem()))
		out.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			out.Index(i).Set(clean(v.Index(i)))
		}
	case reflect.Struct:
		switch value := v.Interface().(type) {
		case time.Time:
			out.Set(reflect.ValueOf(value.UTC()))
			return out
		case Link:
			out.Set(reflect.ValueOf(link(value)))
			return out
		}
		for i := range v.NumField() {
			out.Field(i).Set(clean(v.Field(i)))
		}
		// Addresses outside a Link.
		switch value := out.Addr().Interface().(type) {
		case *Artifact:
			value.URL = address(value.URL)
		case *Run:
			value.JSON, value.Index = address(value.JSON), address(value.Index)
		case *Site:
			value.JSON, value.Base, value.Home = address(value.JSON), address(value.Base), address(value.Home)
		case *Entry:
			value.Page = address(value.Page)
		}
	default:
		out.Set(v)
	}
	return out
}

func bound(element reflect.Type) int {
	switch element {
	case reflect.TypeFor[Test](), reflect.TypeFor[Event](), reflect.TypeFor[Entry](), reflect.TypeFor[Entered]():
		return maxRows
	case reflect.TypeFor[string]():
		return excerpt.MaxLines
	}
	return maxElements
}

// text is one line of at most maxText bytes. A line of a log may be indented.
func text(s string) string {
	if len(s) > 4*maxText { // what is cut anyway need not be cleaned
		s = s[:4*maxText]
	}
	s = excerpt.Clean(visible().Replace(s))
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

// visible shows what would turn the direction of the text around it, so that
// nobody reads another name than is there, and makes one line of several.
//
//nolint:gochecknoglobals // constant data: a table of replacements
var visible = sync.OnceValue(func() *strings.Replacer {
	pairs := []string{"\r\n", " ", "\n", " "}
	for _, r := range "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" {
		pairs = append(pairs, string(r), fmt.Sprintf("\u27e8%U\u27e9", r))
	}
	return strings.NewReplacer(pairs...)
})

// link keeps a link whose address can be followed; any other becomes text.
func link(l Link) Link {
	l.Text = text(l.Text)
	followed := address(l.URL)
	if followed == "" && l.Text == "" {
		l.Text = text(l.URL)
	}
	if l.Text == "" {
		l.Text = text(followed)
	}
	return Link{Text: l.Text, URL: followed}
}

// address gives back an address that may be linked to: http, https, or a path
// relative to the page. It gives "" for any other, also for one with a user
// name in it, which is there only to mislead or to be leaked.
func address(raw string) string {
	if raw == "" || len(raw) > 4*maxText || raw != excerpt.Clean(raw) || strings.ContainsAny(raw, "\\ ") {
		return ""
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.User != nil, u.Opaque != "":
		return ""
	case u.Scheme == "" && u.Host == "" && !strings.HasPrefix(raw, "/") && !strings.Contains(raw, ":"):
		return raw
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return raw
	}
	return ""
}

func cleaned(e Entry) Entry {
	return clean(reflect.ValueOf(e)).Interface().(Entry)
}
