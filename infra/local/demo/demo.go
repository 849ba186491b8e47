// Package demo shows what distaff does, on a real package: five pull requests
// to a dist-git, from the push to the statuses and the result page, with real
// builds and real tests on this machine.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
)

// Options say how the demo is played.
type Options struct {
	// Dir is where the world of the demo is kept. An earlier demo there is
	// removed.
	Dir string
	// Out is where the demo is told; Color says whether colours can be seen
	// there, Width how many characters a line has; 0 is
	// as many as it needs.
	Out   io.Writer
	Color bool
	Width int
	// Keep lets the world stay until ctx ends.
	Keep bool
	// Limit ends a demo that hangs. Zero means five minutes.
	Limit time.Duration
	// Scripted builds nothing and tests nothing, and plays the scenes in which
	// everything passes: for tests of the demo itself.
	Scripted bool
	// Fetch gets the upstream archive and its sum. Nil means through the Go
	// module proxy.
	Fetch func(context.Context) (content []byte, sum string, err error)
}

// Run plays the demo. It returns nil if everything ended as it should.
func Run(ctx context.Context, o Options) (err error) {
	if o.Limit == 0 {
		o.Limit = 5 * time.Minute
	}
	if o.Fetch == nil {
		o.Fetch = download
	}
	limited, cancel := context.WithTimeoutCause(ctx, o.Limit, fmt.Errorf("the demo took longer than %s; --limit gives it more", o.Limit))
	defer cancel()
	began := time.Now()
	s := screen.New(o.Out, o.Color, o.Width)
	if err := world.Fresh(o.Dir); err != nil {
		return err
	}
	content, sum, err := o.Fetch(limited)
	if err != nil {
		return err
	}
	s.Say("%s %s: %d bytes through the Go module proxy, checked against the checksum database (%s)", name, version, len(content), sum)
	w, err := world.Start(limited, o.world(s))
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		err = errors.Join(err, w.Close(end))
	}()
	s.Say("Pagure %s   Koji %s   Testing Farm %s   bucket %s", w.Addresses.Forge, w.Addresses.Koji+"/koji", w.Addresses.Farm, w.Addresses.Store)
	p := newPlay(w, s, o, began)
	if err := p.run(limited, content); err != nil {
		if cause := context.Cause(limited); cause != nil && ctx.Err() == nil {
			err = errors.Join(cause, err)
		}
		return err
	}
	verdict := p.verdict(limited, time.Since(began))
	if o.Keep && ctx.Err() == nil {
		s.Say("Everything stays up until Ctrl-C.")
		<-ctx.Done()
	}
	return verdict
}

func (o Options) world(s *screen.Screen) world.Options {
	options := world.Options{
		Dir: o.Dir, TickEvery: 250 * time.Millisecond, Say: s.Say,
		Checks: []config.Check{
			{Name: "installability", Required: true},
			{Name: "rpminspect"},
			{Name: "rpmlint"},
			{Name: "rmdepcheck"},
			{Name: "license-validate"},
			{Name: "custom", Needs: []string{"installability"}},
		},
	}
	if o.Scripted {
		options.Builder, options.Tester = scripted{}, scripted{}
	}
	return options
}

// scene is one pull request of the demo.
type scene struct {
	title  string
	branch string
	files  map[string]string
	// again is pushed while the build of files runs.
	again map[string]string
	// want are the checks' states at the end.
	want map[string]string
	// text are words that must be in the status of a check.
	text map[string]string

	number int
	heads  []string
}

func scenes() []*scene {
	all := func(build, rest string) map[string]string {
		return map[string]string{"build": build, "installability": rest, "rpmlint": rest, "custom": "skipped"}
	}
	good := all("passed", "passed")
	bad := all("passed", "failed")
	return []*scene{
		{title: "Check that the parser can be linked", branch: "link", files: goodFiles(), want: good},
		{
			title: "Skip byte order marks", branch: "bom", files: brokenBuildFiles(), want: all("failed", "skipped"),
			text: map[string]string{"build": "src/scanner.c:10"},
		},
		{
			title: "Ship the queries", branch: "queries", files: badPackagingFiles(), want: bad,
			text: map[string]string{"installability": "2 of 2 failed"},
		},
		{title: "Test for an hour", branch: "tests", files: slowFiles(), again: betterFiles(), want: good},
		{title: "Say how it is built", branch: "readme", files: readmeFiles(), want: all("skipped", "skipped")},
	}
}

// repo is the package's place in dist-git.
const repo = "rpms/" + name

// open opens the pull request of a scene.
func (p *play) open(ctx context.Context, sc *scene) error {
	fork, err := p.w.Forge.Fork(ctx, "anna", repo)
	if err != nil {
		return fmt.Errorf("fork %s: %w", repo, err)
	}
	head, err := p.w.Forge.Push(ctx, "anna", fork, sc.branch, sc.files)
	if err != nil {
		return fmt.Errorf("push %s: %w", sc.branch, err)
	}
	number, err := p.w.Forge.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: "anna", Repo: repo, From: fork, Branch: "rawhide", SourceBranch: sc.branch, Title: sc.title,
	})
	if err != nil {
		return fmt.Errorf("open the pull request of %s: %w", sc.branch, err)
	}
	sc.number = number
	p.add(sc, head)
	p.step(sc.number, "opened: %s", sc.title)
	return nil
}
