package filter

import (
	"errors"
	"fmt"

	sql "github.com/cloudevents/sdk-go/sql/v2"
	sqlerrors "github.com/cloudevents/sdk-go/sql/v2/errors"
	"github.com/cloudevents/sdk-go/sql/v2/parser"
	"github.com/cloudevents/sdk-go/v2/event"
)

// mostSQL bounds an expression: the parser takes quadratic time.
const mostSQL = 2048

type cesql struct {
	text   string
	parsed sql.Expression
}

// compileSQL parses an expression and refuses one that can never be true or
// false: "1 + 1" passes Knative's own check and then brings its filter down.
func compileSQL(text, path string) (node, error) {
	if len(text) > mostSQL {
		return nil, &Error{path, fmt.Sprintf("the expression is longer than %d bytes", mostSQL)}
	}
	parsed, err := parse(text)
	if err != nil {
		return nil, &Error{path, fmt.Sprintf("%s: %v", show(text), err)}
	}
	c := cesql{text, parsed}
	probe := event.New()
	probe.SetID("1")
	probe.SetSource("/")
	probe.SetType("t")
	value, err := c.value(&probe)
	_, isBool := value.(bool)
	switch {
	case sqlerrors.IsMissingFunctionError(err):
		return nil, &Error{path, fmt.Sprintf("%s: %v", show(text), err)}
	case err == nil && !isBool:
		return nil, &Error{path, fmt.Sprintf("%s gives %v, not true or false", show(text), value)}
	}
	return c, nil
}

// parse turns a panic of the parser into an error.
func parse(text string) (parsed sql.Expression, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not a CESQL expression: %v", r)
		}
	}()
	return parser.Parse(text)
}

func (c cesql) eval(e *event.Event, explain bool) (outcome, string) {
	value, err := c.value(e)
	matched, isBool := value.(bool)
	got := says(matched)
	switch {
	case errors.Is(err, errPanic), err == nil && !isBool:
		got = broken
	case err != nil:
		got = rejects
	}
	switch {
	case !explain:
		return got, ""
	case err != nil:
		return got, fmt.Sprintf("CESQL %s failed: %v", show(c.text), err)
	case !isBool:
		return got, fmt.Sprintf("CESQL %s failed: it gave %v, not true or false", show(c.text), value)
	}
	return got, fmt.Sprintf("CESQL %s is %t", show(c.text), matched)
}

var errPanic = errors.New("cannot be evaluated")

// value turns a panic of the evaluator into errPanic: no delivery.
func (c cesql) value(e *event.Event) (value any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return c.parsed.Evaluate(*e)
}
