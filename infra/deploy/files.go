package deploy

import (
	"github.com/distaff-project/distaff/shared/fn"
)

// Files are all files that are made of functions, by their paths in the
// repository.
func Files(functions []fn.Function) (map[string][]byte, error) {
	units, err := Units(functions)
	if err != nil {
		return nil, err
	}
	parallelism, err := Parallelism(functions)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"infra/base/services.yaml":                          Services(units),
		"infra/base/sinks.yaml":                             Sinks(units),
		"infra/components/jobs/jobs.yaml":                   JobSinks(units),
		"infra/components/jobs/triggers.yaml":               JobTriggers(units),
		"infra/components/broker-rabbitmq/parallelism.yaml": parallelism,
		"infra/components/event-policies/policies.yaml":     EventPolicies(functions),
		"infra/components/follow/follow.yaml":               Follow(units),
		"docs/permissions.md":                               Permissions(units),
	}
	for _, u := range units {
		if files[PolicyPath(u.Name)], err = u.Policy(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// PolicyPath is where the policy of a Service lies.
func PolicyPath(service string) string { return "infra/policies/" + service + ".json" }
