// Package sim plays whole pipelines against a scheduler that loses, doubles,
// reorders, delays and overlaps what is said, and stops a function at any step.
// Everything is drawn from a seed, so that what it finds can be seen again.
package sim

import (
	"context"
	"errors"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// order is what the scheduler lets happen at a step.
type order int

const (
	goOn        order = iota
	failBefore        // the step fails and has no effect
	failAfter         // the step has its effect, and its answer is lost
	failLate          // the answer is lost, and the effect comes later
	crashBefore       // the process dies before the step
	crashAfter        // the process dies after it
)

var (
	errFault   = errors.New("a fault of the simulation")
	errCrashed = errors.New("the process died")
)

type crash struct{}

// exec is one run of one function on one event. It runs only while the
// scheduler waits for it, so a seed always gives the same run.
type exec struct {
	delivery *delivery
	resume   chan order
	yielded  chan struct{}
	done     bool
	err      error
	late     bool // whether the step it stands at can have its effect late
	crashed  bool
}

type execKey struct{}

// begin starts f on an event, up to its first step.
func (w *World) begin(d *delivery) *exec {
	x := &exec{delivery: d, resume: make(chan order), yielded: make(chan struct{})}
	ctx := context.WithValue(context.Background(), execKey{}, x)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				if _, died := r.(crash); !died {
					panic(r)
				}
				x.err, x.crashed = errCrashed, true
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
func (w *World) at(ctx context.Context, late bool, effect func() error) error {
	x, _ := ctx.Value(execKey{}).(*exec)
	if x == nil {
		return effect() // the world itself
	}
	x.late = late
	x.yielded <- struct{}{}
	switch <-x.resume {
	case goOn:
	case failBefore:
		return errFault
	case failAfter:
		_ = effect()
		return errFault
	case failLate:
		w.later(func() { _ = effect() })
		return errFault
	case crashBefore:
		panic(crash{})
	case crashAfter:
		_ = effect()
		panic(crash{})
	}
	return effect()
}

// store is the bucket with a step at each request.
type store struct {
	w     *World
	under bucket
}

type bucket interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// guard asks whether the function whose run ctx is may do that.
func (w *World) guard(ctx context.Context, verb, key string) error {
	x, _ := ctx.Value(execKey{}).(*exec)
	if x == nil || w.Guard == nil {
		return nil
	}
	return w.Guard(x.delivery.function.Name, verb, key)
}

func (s store) Get(ctx context.Context, key string) (o blob.Object, err error) {
	if err := s.w.guard(ctx, "get", key); err != nil {
		return o, err
	}
	err = s.w.at(ctx, false, func() error { o, err = s.under.Get(ctx, key); return err })
	return o, err
}

// Put answers a write whose answer was lost as the SDK does: it repeats it,
// and then finds the condition not met, by its own hand.
func (s store) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (tag blob.Tag, err error) {
	if err := s.w.guard(ctx, "put", key); err != nil {
		return "", err
	}
	stored := false
	err = s.w.at(ctx, false, func() error {
		tag, err = s.under.Put(ctx, key, body, cond, opts...)
		stored = err == nil
		return err
	})
	if errors.Is(err, errFault) && stored && cond != blob.Any {
		return "", blob.ErrConflict
	}
	return tag, err
}

func (s store) Delete(ctx context.Context, key string) error {
	if err := s.w.guard(ctx, "delete", key); err != nil {
		return err
	}
	return s.w.at(ctx, false, func() error { return s.under.Delete(ctx, key) })
}

func (s store) List(ctx context.Context, prefix, after string, limit int) (page []blob.Info, err error) {
	if err := s.w.guard(ctx, "list", prefix); err != nil {
		return nil, err
	}
	err = s.w.at(ctx, false, func() error { page, err = s.under.List(ctx, prefix, after, limit); return err })
	return page, err
}

// delivery is an event on its way to a function.
type delivery struct {
	event    event.Event
	function fn.Function
	tries    int
	after    int64 // seconds of the world's clock before which it rests
}
