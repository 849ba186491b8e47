// Package composedemo shows composes: a handful of packages is built in a local
// Koji, and dnf installs from what is made of them — with a security fix that
// nobody has released yet, within seconds.
package composedemo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

// Options say how the demo is played.
type Options struct {
	// Dir is where the world of the demo is kept. An earlier demo there is
	// removed.
	Dir string
	// Out is where the demo is told; Color says whether colours can be seen
	// there, Width how many characters a line has; 0 is as many as it needs.
	Out   io.Writer
	Color bool
	Width int
	// Keep lets the world stay until ctx ends.
	Keep bool
	// Limit ends a demo that hangs. Zero means three minutes.
	Limit time.Duration
	// Scripted builds nothing and installs nothing: packages are made out of
	// nothing, and it is looked whether they could be installed.
	Scripted bool
}

// Run plays the demo. It returns nil if everything ended as it should.
func Run(ctx context.Context, o Options) (err error) {
	if o.Limit == 0 {
		o.Limit = 3 * time.Minute
	}
	limited, cancel := context.WithTimeoutCause(ctx, o.Limit, fmt.Errorf("the demo took longer than %s; --limit gives it more", o.Limit))
	defer cancel()
	p := &play{s: screen.New(o.Out, o.Color, o.Width), began: time.Now(), counter: newCounter()}
	if err := p.prepare(limited, o); err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		err = errors.Join(err, p.w.Close(end))
	}()
	a := p.w.Addresses
	p.s.Say("Koji %s   composes %s/api/1/   bucket %s", a.Koji+"/koji", a.ComposeAPI(), a.Store)
	if err := p.run(limited); err != nil {
		if cause := context.Cause(limited); cause != nil && ctx.Err() == nil {
			err = errors.Join(cause, err)
		}
		return err
	}
	verdict := p.verdict()
	if !o.Keep || ctx.Err() != nil {
		// Its addresses are of no use to anybody now.
		p.s.Say("It is over. To see what is left: distaff compose list --state %s. To look around in a browser: KEEP=1.", o.Dir)
		return verdict
	}
	p.s.Say("Composes  %s", a.ComposePages())
	p.s.Say("Status page  %s", a.Status())
	p.s.Say("Everything stays up until Ctrl-C.")
	<-ctx.Done()
	return verdict
}

// prepare makes the world, and what the demo works on it with.
func (p *play) prepare(ctx context.Context, o Options) error {
	if err := world.Fresh(o.Dir); err != nil {
		return err
	}
	var builder kojitest.Runner
	if o.Scripted {
		p.installer, builder = listed{}, &scripted{}
	} else {
		found, err := findDNF(ctx, o.Dir)
		if err != nil {
			return err
		}
		p.installer = found
	}
	w, err := world.Start(ctx, world.Options{
		Dir: o.Dir, TickEvery: time.Second / 4, Say: p.s.Say, InProcess: true,
		Builder: builder, Now: p.clock.now, Requests: p.counter.hear,
	})
	if err != nil {
		return err
	}
	p.w = w
	if p.api, err = client.New(client.Options{URL: w.Addresses.ComposeAPI()}); err != nil {
		return errors.Join(err, w.Close(context.WithoutCancel(ctx)))
	}
	return nil
}
