package world

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/distaff-project/distaff/shared/bodhi/bodhitest"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/greenwave/greenwavetest"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/lookaside"
	"github.com/distaff-project/distaff/shared/lookaside/lookasidetest"
	"github.com/distaff-project/distaff/shared/mbs/mbstest"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// Topics are what our queue on the bus is bound to: pull requests and the tasks
// of their builds, and what composes are made for.
func Topics() []string {
	var all []string
	for _, what := range []string{
		"pagure.#", "buildsys.task.state.change",
		"buildsys.tag", "buildsys.untag", "bodhi.update.complete.#", "mbs.module.state.change",
	} {
		all = append(all, topicPrefix+"."+what)
	}
	return all
}

// topicPrefix is what Fedora's topics begin with.
const topicPrefix = "org.fedoraproject.prod"

// startBus runs the bus, with our queue on it.
func (w *World) startBus(ctx context.Context, k keys) error {
	w.Bus = fedmsgtest.NewBus()
	if !w.options.Memory {
		bus, err := fedmsgtest.OpenBus(w.path("bus"))
		if err != nil {
			return fmt.Errorf("start the bus: %w", err)
		}
		w.Bus = bus
	}
	w.Bus.Now = w.options.Now
	w.Bus.Users = map[string]string{Robot: k.bus}
	w.Bus.Bind(queue, Topics()...)
	socket := w.net.take(&w.net.addresses.Bus)
	w.running.Go(func() {
		if err := w.Bus.Serve(ctx, socket); err != nil {
			w.options.Say("the bus ended: %v", err)
		}
	})
	return nil
}

// startServices runs Bodhi, Greenwave, the Module Build Service, the lookaside
// cache and the bus's archive.
func (w *World) startServices(context.Context, keys) error {
	w.Bodhi = bodhitest.New(bodhitest.Fedora(Rawhide)...)
	w.Greenwave = greenwavetest.New(policies()...)
	w.MBS = mbstest.New()
	w.Lookaside = lookasidetest.New(w.path("lookaside"))
	mux := http.NewServeMux()
	mux.Handle("/bodhi/", http.StripPrefix("/bodhi", w.Bodhi))
	mux.Handle("/greenwave/", http.StripPrefix("/greenwave", w.Greenwave))
	mux.Handle("/mbs/", http.StripPrefix("/mbs", w.MBS))
	mux.Handle("/repo/pkgs/", w.Lookaside)
	mux.Handle("/datagrepper/", http.StripPrefix("/datagrepper", w.Bus.Datagrepper()))
	w.net.serve(&w.net.addresses.Services, mux)
	return nil
}

// startForge runs the Pagure. It tells what happens on the bus.
func (w *World) startForge(_ context.Context, k keys) error {
	dir := w.path("forge")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("start the forge: %w", err)
	}
	forge, err := paguretest.New(paguretest.Config{
		Dir: dir, URL: w.Addresses.Forge, Tokens: map[string]string{k.forge: Robot, k.developer: Developer}, Now: w.options.Now,
		OnMessage: func(m paguretest.Message) { w.Bus.PublishAs(m.ID, m.Topic, nil, m.Body) },
	})
	if err != nil {
		return fmt.Errorf("start the forge: %w", err)
	}
	w.Forge = forge
	w.net.serve(&w.net.addresses.Forge, w.forgeAPI(k.developer))
	return nil
}

// startKoji runs the Koji. It tells what happens on the bus.
func (w *World) startKoji(_ context.Context, k keys) error {
	builder, err := w.builder()
	if err != nil {
		return err
	}
	w.Koji, err = kojitest.New(kojitest.Config{
		Dir: w.path("koji"), Users: map[string]string{Robot: k.koji, Developer: k.developer}, Admins: []string{Developer}, Tags: tags(), Targets: targets(), Runner: builder,
		BaseURL: w.Addresses.Koji, Now: w.options.Now, AnyPackage: true, Keep: !w.options.Memory,
		OnMessage: func(topic string, body []byte) { w.Bus.Publish(topic, nil, body) },
	})
	if err != nil {
		return fmt.Errorf("start Koji: %w", err)
	}
	w.net.serve(&w.net.addresses.Koji, w.Koji)
	return nil
}

func (w *World) builder() (kojitest.Runner, error) {
	switch {
	case w.options.Builder != nil:
		return w.options.Builder, nil
	case w.options.Scripted:
		return kojitest.Script{}, nil
	}
	cache, err := lookaside.New(lookasidetest.Form(w.Addresses.Services), nil)
	if err != nil {
		return nil, fmt.Errorf("start Koji: %w", err)
	}
	if err := os.MkdirAll(w.path("scratch"), 0o700); err != nil {
		return nil, fmt.Errorf("start Koji: %w", err)
	}
	return kojitest.RPMBuild{
		Scratch: w.path("scratch"), Lookaside: cache, Namespace: "rpms", Hosts: []string{hostOf(w.Addresses.Forge)},
	}, nil
}

// startFarm runs the Testing Farm.
func (w *World) startFarm(_ context.Context, k keys) error {
	tester, err := w.tester()
	if err != nil {
		return err
	}
	w.Farm, err = testingfarmtest.New(testingfarmtest.Config{ //nolint:contextcheck // tests outlive whoever starts it
		URL: w.Addresses.Farm, Tokens: []string{k.farm}, Runner: tester, Dir: w.path("testing-farm"), Log: w.options.Log,
	})
	if err != nil {
		return fmt.Errorf("start Testing Farm: %w", err)
	}
	w.net.serve(&w.net.addresses.Farm, w.Farm)
	return nil
}

func (w *World) tester() (testingfarmtest.Runner, error) {
	switch {
	case w.options.Tester != nil:
		return w.options.Tester, nil
	case w.options.Scripted:
		return testingfarmtest.Scripted{}, nil
	}
	if err := os.MkdirAll(w.path("scratch"), 0o700); err != nil {
		return nil, fmt.Errorf("start Testing Farm: %w", err)
	}
	built, err := w.built()
	if err != nil {
		return nil, err
	}
	w.tools = &testingfarmtest.Tools{RPMs: built.rpms, Files: built.files, Scratch: w.path("scratch")}
	return w.tools, nil
}
