// Package deploy is what a cluster has to know of each function: how much of it
// may run at once, whose secrets it is given, and what it may touch. The Knative
// Services, the bucket's policies and the table of permissions are made of it.
package deploy

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/fn"
)

// Unit is what is deployed as one Knative Service, with one account and one
// identity at the bucket: a function, or several that share a timer.
type Unit struct {
	Name      string
	Functions []fn.Function
	Limits    Limits
}

// Units are the Services functions run in, in the order of their functions. A
// function nothing is known of is an error: somebody has to think about what it
// may do.
func Units(functions []fn.Function) ([]Unit, error) {
	var units []Unit
	at := map[string]int{}
	for _, f := range functions {
		name, _ := eventing.Service(f)
		if i, ok := at[name]; ok {
			units[i].Functions = append(units[i].Functions, f)
			continue
		}
		limits, ok := limitsOf(name)
		if !ok {
			return nil, fmt.Errorf("the Service %s has no limits: write them into infra/deploy/limits.go", name)
		}
		at[name] = len(units)
		units = append(units, Unit{Name: name, Functions: []fn.Function{f}, Limits: limits})
	}
	return units, nil
}

// Function is the value of FUNCTION: the functions the unit runs.
func (u Unit) Function() string {
	var names []string
	for _, f := range u.Functions {
		names = append(names, f.Name)
	}
	return strings.Join(names, ",")
}

// Broker is where the unit's functions say what they say.
func (u Unit) Broker() string { return eventing.BrokerOf(u.Functions[0]) }

// Web tells whether the unit answers HTTP from outside the cluster.
func (u Unit) Web() bool { return u.Functions[0].Web != nil }

// Outside tells whether the unit calls a system outside the cluster. Whoever
// checks logins asks the issuer of tokens and the directory of groups.
func (u Unit) Outside() bool {
	for _, f := range u.Functions {
		if f.System != "" || f.Name == "compose-api" {
			return true
		}
	}
	return false
}
