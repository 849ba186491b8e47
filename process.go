package distaff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fn"
)

// DefaultConfig is where the configuration lies when DISTAFF_CONFIG does not
// say otherwise.
const DefaultConfig = "/etc/distaff/distaff.yaml"

// BadConfig is the exit code of a process whose configuration is wrong:
// EX_CONFIG of sysexits.h.
const BadConfig = 78

// Process is what one process runs: functions, and where what they say goes.
type Process struct {
	Functions []fn.Function
	Runner    fn.Runner
}

// Start makes a process of its environment:
//
//	FUNCTION        names of functions, separated by commas; unset: all
//	K_SINK          where events are posted to, as Knative sets it
//	DISTAFF_CONFIG  the configuration's file; unset: DefaultConfig
//
// and the variables the configuration names. Nothing is asked of any system
// yet. The error tells of everything that is wrong, one problem a line.
func Start(ctx context.Context, env func(string) (string, bool), log *slog.Logger) (*Process, error) {
	names, namesErr := named(env)
	chosen := pick(Functions(Parts{}), names)
	runner, sinkErr := sender(env, chosen)
	runner.Log = log
	file, ok := env("DISTAFF_CONFIG")
	if !ok || file == "" {
		file = DefaultConfig
	}
	cfg, err := config.Read(file)
	if err != nil {
		return nil, errors.Join(namesErr, sinkErr, err)
	}
	parts, err := Connect(ctx, cfg, config.NewSecrets(env, os.ReadFile), Systems(chosen))
	if err := errors.Join(namesErr, sinkErr, err); err != nil {
		return nil, err
	}
	runner.Now = parts.Bucket.Now
	parts.Say = runner.Say
	return &Process{Functions: pick(Functions(parts), names), Runner: runner}, nil
}

// named reads FUNCTION; no names stand for all functions.
func named(env func(string) (string, bool)) ([]string, error) {
	list, _ := env("FUNCTION")
	known := map[string]bool{}
	var all []string
	for _, f := range Functions(Parts{}) {
		known[f.Name] = true
		all = append(all, f.Name)
	}
	var names []string
	var problems []error
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "":
		case !known[name]:
			problems = append(problems, fmt.Errorf("FUNCTION: no function is called %.80q; there are %s", name, strings.Join(all, ", ")))
		default:
			names = append(names, name)
		}
	}
	return names, errors.Join(problems...)
}

func pick(all []fn.Function, names []string) []fn.Function {
	if len(names) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(f fn.Function) bool { return !slices.Contains(names, f.Name) })
}

// sender makes what sends events to K_SINK, which only functions that say
// nothing can do without.
func sender(env func(string) (string, bool), chosen []fn.Function) (fn.Runner, error) {
	address, _ := env("K_SINK")
	if address == "" {
		if slices.ContainsFunc(chosen, func(f fn.Function) bool { return len(f.Says) > 0 }) {
			return fn.Runner{}, errors.New("K_SINK: is missing; set it to the address events are posted to, the broker's")
		}
		return fn.Runner{Sink: noSink}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fn.Runner{}, errors.New("K_SINK: is no http address") // which may hold a password
	}
	return fn.Runner{Sink: post(address)}, nil
}
