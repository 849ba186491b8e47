package equivalence

import (
	"strings"

	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
)

// difference is something the local broker refuses at load on purpose, while
// a cluster takes it and then surprises.
type difference struct {
	// says is in the local broker's error.
	says string
	// because is what happens on a cluster instead.
	because string
	// allowed tells whether a manifest really has what the error says.
	allowed func(f filtered) bool
}

// differences is the whole list. A manifest that a cluster accepts and the
// local broker refuses for any other reason is a defect of ours.
var differences = []difference{
	{
		"the list is empty", "the filter is dropped, and the trigger matches every event",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool {
				return x.All != nil && len(x.All) == 0 || x.Any != nil && len(x.Any) == 0
			})
		},
	},
	{
		"wants exactly one of", "a filter without a dialect is dropped, and the trigger matches every event",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool { return dialects(x) != 1 })
		},
	},
	{
		"names no attribute", "the filter is dropped, and the trigger matches every event",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool {
				return x.Exact != nil && len(x.Exact) == 0 || x.Prefix != nil && len(x.Prefix) == 0 || x.Suffix != nil && len(x.Suffix) == 0
			})
		},
	},
	{
		"the text is empty", "the filter is dropped, and the trigger matches every event",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool {
				for _, texts := range []map[string]string{x.Exact, x.Prefix, x.Suffix} {
					for _, text := range texts {
						if text == "" {
							return true
						}
					}
				}
				return false
			})
		},
	},
	{
		"not true or false", "the filter panics at each event, which is retried and then a dead letter",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool { return x.CESQL != "" })
		},
	},
	{
		"missing function", "an expression with a function that does not exist never matches, and nobody is told",
		func(f filtered) bool {
			return holds(f, func(x eventingv1.SubscriptionsAPIFilter) bool { return strings.Contains(x.CESQL, "(") })
		},
	},
}

// explained tells whether a refusal is one of the differences.
func explained(f filtered, refusal error) bool {
	for _, d := range differences {
		if strings.Contains(refusal.Error(), d.says) && d.allowed(f) {
			return true
		}
	}
	return false
}

// holds tells whether one of the filters, at any depth, is so.
func holds(f filtered, so func(eventingv1.SubscriptionsAPIFilter) bool) bool {
	var look func([]eventingv1.SubscriptionsAPIFilter) bool
	look = func(list []eventingv1.SubscriptionsAPIFilter) bool {
		for _, x := range list {
			inner := append(append([]eventingv1.SubscriptionsAPIFilter{}, x.All...), x.Any...)
			if x.Not != nil {
				inner = append(inner, *x.Not)
			}
			if so(x) || look(inner) {
				return true
			}
		}
		return false
	}
	return look(f.Filters)
}

func dialects(x eventingv1.SubscriptionsAPIFilter) int {
	n := 0
	for _, set := range []bool{x.Exact != nil, x.Prefix != nil, x.Suffix != nil, x.All != nil, x.Any != nil, x.Not != nil, x.CESQL != ""} {
		if set {
			n++
		}
	}
	return n
}
