// Package composesim plays the lives of composes against a scheduler that loses,
// doubles, reorders, delays and overlaps what is said, and stops a function at
// any step. Everything is drawn from a seed, so that what it finds can be seen
// again.
package composesim

import (
	"context"
	"errors"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// order is what the scheduler lets happen at a step.
type order int

const (
	goOn        order = iota
	failBefore        // the step fails and has no effect
	failAfter         // the step has its effect, and its answer is lost
	crashBefore       // the process dies before the step
	crashAfter        // the process dies after it
)

var (
	errFault   = errors.New("a fault of the simulation")
	errCrashed = errors.New("the process died")
)

type crash struct{}

// delivery is an event on its way to a function.
type delivery struct {
	event    event.Event
	function fn.Function
	tries    int
	after    int64 // milliseconds of the world's clock before which it rests
}

// exec is one run of one function on one event. It runs only while the
// scheduler waits for it, so a seed always gives the same run.
type exec struct {
	delivery *delivery
	rests    time.Time // until then it does nothing
	resume   chan order
	yielded  chan struct{}
	done     bool
	err      error
}

type execKey struct{}

// begin starts a function on an event, up to its first step.
func (w *World) begin(d *delivery) *exec {
	x := &exec{delivery: d, resume: make(chan order), yielded: make(chan struct{})}
	ctx := context.WithValue(context.Background(), execKey{}, x)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				if _, died := r.(crash); !died {
					panic(r)
				}
				x.err = errCrashed
			}
			x.done = true
			x.yielded <- struct{}{}
		}()
		<-x.resume
		x.err = w.runner.Run(ctx, d.function, d.event)
	}()
	return x
}

// step lets x go on to its next step.
func (x *exec) step(o order) {
	x.resume <- o
	<-x.yielded
}

// at is a step of whatever run ctx belongs to: the scheduler decides what
// becomes of it.
func (w *World) at(ctx context.Context, effect func() error) error {
	x, _ := ctx.Value(execKey{}).(*exec)
	if x == nil {
		return effect() // the world itself
	}
	x.yielded <- struct{}{}
	switch <-x.resume {
	case failBefore:
		return errFault
	case failAfter:
		_ = effect()
		return errFault
	case crashBefore:
		panic(crash{})
	case crashAfter:
		_ = effect()
		panic(crash{})
	case goOn:
	}
	return effect()
}

// store is the bucket with a step at each request.
type store struct {
	w     *World
	under *mem.Store
}

func (s store) Get(ctx context.Context, key string) (o blob.Object, err error) {
	err = s.w.at(ctx, func() error { o, err = s.under.Get(ctx, key); return err })
	return o, err
}

// Put answers a write whose answer was lost as the SDK does: it repeats it,
// and then finds the condition not met, by its own hand.
func (s store) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (tag blob.Tag, err error) {
	stored := false
	err = s.w.at(ctx, func() error {
		tag, err = s.under.Put(ctx, key, body, cond, opts...)
		stored = err == nil
		if stored {
			s.w.written(key, body)
		}
		return err
	})
	if errors.Is(err, errFault) && stored && cond != blob.Any && s.w.rng.IntN(2) == 0 {
		return "", blob.ErrConflict
	}
	return tag, err
}

func (s store) Delete(ctx context.Context, key string) error {
	return s.w.at(ctx, func() error {
		s.w.stale = true
		return s.under.Delete(ctx, key)
	})
}

func (s store) List(ctx context.Context, prefix, after string, limit int) (page []blob.Info, err error) {
	err = s.w.at(ctx, func() error { page, err = s.under.List(ctx, prefix, after, limit); return err })
	return page, err
}
