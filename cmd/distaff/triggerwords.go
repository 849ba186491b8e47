package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/filter"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// wants says in words what a Trigger lets through.
func wants(t manifest.Trigger) string {
	if len(t.Filters) > 0 {
		var parts []string
		for _, expr := range t.Filters {
			parts = append(parts, exprWords(expr))
		}
		return strings.Join(parts, " and ")
	}
	if len(t.Attributes) == 0 {
		return "everything"
	}
	return textWords(t.Attributes, "", "")
}

func exprWords(e filter.Expr) string {
	list := func(exprs []filter.Expr, between string) string {
		var parts []string
		for _, one := range exprs {
			parts = append(parts, exprWords(one))
		}
		if len(parts) == 1 {
			return parts[0]
		}
		return "(" + strings.Join(parts, between) + ")"
	}
	switch {
	case e.Exact != nil:
		return textWords(e.Exact, "", "")
	case e.Prefix != nil:
		return textWords(e.Prefix, "", "…")
	case e.Suffix != nil:
		return textWords(e.Suffix, "…", "")
	case e.All != nil:
		return list(e.All, " and ")
	case e.Any != nil:
		return list(e.Any, " or ")
	case e.Not != nil:
		return "not " + exprWords(*e.Not)
	}
	return "CESQL " + e.CESQL
}

// textWords writes attributes, the type first and without its name: it is the
// one every Trigger has. before and after stand for what a value may begin and
// end with.
func textWords(attributes map[string]string, before, after string) string {
	var parts []string
	if kind := attributes["type"]; kind != "" {
		parts = append(parts, before+kind+after)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		switch value := attributes[name]; {
		case name == "type" && value != "":
		case value == "":
			parts = append(parts, "with "+name)
		default:
			parts = append(parts, name+"="+before+value+after)
		}
	}
	return strings.Join(parts, " and ")
}

// deliveryWords says in words how hard a delivery is tried.
func deliveryWords(d manifest.Delivery) string {
	var b strings.Builder
	switch span := retrySpan(d); {
	case d.Retry == 0:
		b.WriteString("one attempt")
	case span == 0:
		fmt.Fprintf(&b, "%s at once", counted(d.Retry, "retry", "retries"))
	default:
		fmt.Fprintf(&b, "%s over %s", counted(d.Retry, "retry", "retries"), seconds(span))
	}
	if d.Timeout > 0 {
		fmt.Fprintf(&b, ", each attempt at most %s", seconds(d.Timeout))
	} else {
		b.WriteString(", no limit for an attempt")
	}
	if d.DeadLetters != nil {
		where := d.DeadLetters.Ref.Kind + " " + d.DeadLetters.Ref.Name
		if d.DeadLetters.Ref.Name == "" {
			where = d.DeadLetters.URI
		}
		fmt.Fprintf(&b, ", then a dead letter at %s", where)
	} else {
		b.WriteString(", then LOST: there is no dead letter sink")
	}
	return b.String()
}

// retrySpan is how long after the first attempt the last one begins, if each
// fails at once.
func retrySpan(d manifest.Delivery) time.Duration {
	var span time.Duration
	for n := range d.Retry {
		wait := broker.Backoff(d, n, 0, 0)
		if wait > math.MaxInt64-span {
			return math.MaxInt64
		}
		span += wait
	}
	return span
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// seconds writes a duration as people say it.
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%g s", d.Seconds())
	case d < 10*time.Minute:
		return fmt.Sprintf("%.0f s", math.Floor(d.Seconds()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
