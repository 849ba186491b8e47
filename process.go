package distaff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/telemetry"
	"github.com/distaff-project/distaff/shared/usage"
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
	// Notes are what is right but may not be what was meant.
	Notes []string
	// Follow hears the bus for as long as ctx lasts; nil without fedmsg-drain or
	// without a bus.
	Follow func(ctx context.Context, log *slog.Logger) error
	// Bury keeps an event that failed for good: at DISTAFF_DEAD_LETTER_SINK, or
	// where dead-letter keeps those of the broker.
	Bury fn.Sink

	usage     *usage.Recorder
	telemetry *telemetry.Telemetry
}

// Start makes a process of its environment:
//
//	FUNCTION        names of functions, separated by commas; unset: all
//	K_SINK          where events are posted to, as Knative sets it
//	K_CE_OVERRIDES, K_CA_CERTS, /oidc/token, /knative-custom-certs
//	                how, as Knative's SinkBinding sets it
//	DISTAFF_CONFIG  the configuration's file; unset: DefaultConfig
//	DISTAFF_DEAD_LETTER_SINK, DISTAFF_SINK_TOKEN_FILE
//	                see Bury and docs/function.md
//	OTEL_…          see package telemetry
//	K_SERVICE, K_REVISION, HOSTNAME
//	                what this instance is called in logs, telemetry and usage
//
// and the variables the configuration names. Nothing is asked of any system
// yet. The error tells of everything that is wrong, one problem a line.
func Start(ctx context.Context, env func(string) (string, bool), log *slog.Logger) (*Process, error) {
	clock := time.Now //nolint:forbidigo // of the process, which has no bucket with a clock yet
	begun := clock()
	names, namesErr := named(env)
	chosen := pick(Functions(Parts{}), names)
	sink, sinkErr := sender(env, chosen)
	elsewhere, buryErr := burialAt(env)
	sinkErr = errors.Join(sinkErr, buryErr)
	machine := usage.ThisMachine()
	id := identify(env, names)
	watcher, watchErr := telemetry.Open(telemetry.Options{
		Env: env, Service: id.service, Instance: id.instance, Revision: id.revision, Version: version(), Memory: machine.Memory,
		Types: types(chosen), Now: clock, Log: log,
	})
	file, ok := env("DISTAFF_CONFIG")
	if !ok || file == "" {
		file = DefaultConfig
	}
	cfg, err := config.Read(file)
	if err != nil {
		return nil, errors.Join(namesErr, sinkErr, watchErr, err)
	}
	parts, err := Connect(ctx, cfg, config.NewSecrets(env, os.ReadFile), Systems(chosen))
	if err := errors.Join(namesErr, sinkErr, watchErr, err); err != nil {
		return nil, err
	}
	p := &Process{usage: usage.New(parts.Bucket, id.service, id.instance, machine, begun, parts.Bucket.Now), telemetry: watcher}
	p.Runner = fn.Runner{Sink: watcher.Sink(sink), Now: parts.Bucket.Now, Log: log, Cold: new(atomic.Bool), Watch: []fn.Watch{p.usage.Watch}}
	p.Runner.Cold.Store(true)
	if watcher == nil {
		p.Runner.Trace = fn.NewTrace // so that the log lines of one story can be found
	} else {
		p.Runner.Watch = append(p.Runner.Watch, watcher.Watch)
	}
	parts.Say = p.Runner.Say
	all := Functions(parts)
	p.Functions = pick(all, names)
	p.Bury = burial(elsewhere, p.Runner, all)
	p.bus(cfg, parts, names)
	return p, nil
}

// bus tells what of the bus this process has.
func (p *Process) bus(cfg *config.Config, parts Parts, names []string) {
	hears := slices.ContainsFunc(p.Functions, func(f fn.Function) bool { return f.Name == fedmsgdrain.Name })
	switch {
	case !hears:
	case cfg.Bus != nil:
		p.Follow = func(ctx context.Context, log *slog.Logger) error {
			return fedmsgdrain.Follow(ctx, parts.Bucket, parts.Bus, p.one, log)
		}
	case len(names) > 0:
		p.Notes = append(p.Notes, "fedmsg-drain was asked for, and the configuration has no bus: it hears nothing")
	}
}

// one deals with one message of the bus.
func (p *Process) one(ctx context.Context, f fn.Function, e event.Event) error {
	defer p.Settle(ctx)
	return p.Runner.Run(ctx, f, e)
}

// Settle does what is to be done from time to time while an event is in hand,
// and mostly that is nothing.
func (p *Process) Settle(ctx context.Context) {
	if p.usage == nil {
		return
	}
	if err := p.usage.Settle(ctx); err != nil {
		p.Runner.Log.LogAttrs(ctx, slog.LevelWarn, "usage", slog.String("error", err.Error()))
	}
}

// Close says the last words of a process: what it used, and what telemetry has
// left. It takes no more than 5 s.
func (p *Process) Close(ctx context.Context) {
	if p.usage != nil {
		if err := p.usage.Close(ctx); err != nil {
			p.Runner.Log.LogAttrs(ctx, slog.LevelWarn, "usage", slog.String("error", err.Error()))
		}
	}
	p.telemetry.Close(ctx)
}

// identity is what an instance is called.
type identity struct{ service, revision, instance string }

func identify(env func(string) (string, bool), names []string) identity {
	get := func(name string) string { value, _ := env(name); return value }
	id := identity{get("K_SERVICE"), get("K_REVISION"), get("HOSTNAME")}
	if id.service == "" {
		id.service = strings.Join(names, "+")
	}
	if id.service == "" {
		id.service = "distaff"
	}
	if id.instance == "" {
		id.instance = "instance"
	}
	return id
}

// version is that of the program, or of its source.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return strings.Trim(info.Main.Version, "()")
}

// types are the types of events that some functions hear and say.
func types(functions []fn.Function) []string {
	var all []string
	for _, f := range functions {
		for _, route := range f.Hears {
			if route.Type != "" {
				all = append(all, route.Type)
			}
		}
		for _, said := range f.Says {
			all = append(all, said.Name())
		}
	}
	return all
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
		return slices.Clone(all)
	}
	return slices.DeleteFunc(slices.Clone(all), func(f fn.Function) bool { return !slices.Contains(names, f.Name) })
}

// sender makes what sends events to K_SINK, which only functions that say
// nothing can do without.
func sender(env func(string) (string, bool), chosen []fn.Function) (fn.Sink, error) {
	settings, err := readSink(env)
	switch {
	case err != nil:
		return nil, err
	case settings.address != "":
		return post(settings), nil
	case slices.ContainsFunc(chosen, func(f fn.Function) bool { return len(f.Says) > 0 }):
		return nil, errors.New("K_SINK: is missing; set it to the address events are posted to, the broker's")
	}
	return noSink, nil
}
