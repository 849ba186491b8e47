package fedmsg_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

func TestDrainOnTheStandIn(t *testing.T) {
	drainFacts(t, listen(t, fedmsgtest.NewBus()))
}

const plenty = 20 * time.Second

var errStore = errors.New("the bucket is away")

// drainFacts hold on the stand-in and, with the build tag amqp, on RabbitMQ.
func drainFacts(t *testing.T, url string) {
	ctx := t.Context()
	facts := map[string]func(*place){
		"a queue is drained in order and then empty": func(p *place) {
			p.say(100)
			var got ids
			done, err := p.open().Drain(ctx, 1000, plenty, got.handle)
			p.equal(nil, err)
			p.equal(100, len(got))
			p.equal([]string{"1", "2"}, []string(got[:2]))
			p.equal("100", got[99])
			p.equal(fedmsg.Drained{Handled: 100, Empty: true, Newest: time.Date(2022, 7, 8, 11, 37, 7, 0, time.UTC)}, done)
			p.equal(0, p.waiting())
		},
		"an empty queue takes no time": func(p *place) {
			done, err := p.open().Drain(ctx, 10, plenty, nil)
			p.equal(nil, err)
			p.equal(fedmsg.Drained{Empty: true}, done)
		},
		"a message has its topic, headers and body": func(p *place) {
			p.say(1)
			var got fedmsg.Message
			_, err := p.open().Drain(ctx, 1, plenty, func(_ context.Context, m fedmsg.Message) error {
				got = m
				return nil
			})
			p.equal(nil, err)
			p.equal(fedmsg.Message{
				ID: "1", Topic: p.topic + ".said", Sent: time.Date(2022, 7, 8, 11, 37, 7, 0, time.UTC),
				Schema: "base.message", Severity: fedmsg.Warning, Body: []byte(`{"n":1}`),
				Headers: map[string]any{
					"fedora_messaging_schema": "base.message", "fedora_messaging_severity": int64(30),
					"sent-at": "2022-07-08T11:37:07+00:00",
				},
			}, got)
		},
		"a failed message ends the run and is the first of the next": func(p *place) {
			p.say(5)
			var first, second ids
			done, err := p.open().Drain(ctx, 10, plenty, func(ctx context.Context, m fedmsg.Message) error {
				if m.ID == "3" {
					return errStore
				}
				return first.handle(ctx, m)
			})
			p.equal(true, errors.Is(err, errStore))
			p.equal(ids{"1", "2"}, first)
			p.equal(2, done.Handled)
			p.equal(3, p.waiting())
			done, err = p.open().Drain(ctx, 10, plenty, second.handle)
			p.equal(nil, err)
			p.equal([]string{"3*", "4", "5"}, []string{second[0], second[1][:1], second[2][:1]})
			p.equal(true, done.Empty && done.Redelivered > 0)
		},
		"no more are taken than asked for": func(p *place) {
			p.say(10)
			var got ids
			done, err := p.open().Drain(ctx, 4, plenty, got.handle)
			p.equal(nil, err)
			p.equal(ids{"1", "2", "3", "4"}, got)
			p.equal([]int{4, 6}, []int{done.Handled, done.Left})
		},
		"nothing new is begun when nine tenths of the time are gone": func(p *place) {
			p.say(50)
			done, err := p.open().Drain(ctx, 50, time.Second, func(ctx context.Context, _ fedmsg.Message) error {
				select { // 50 of these take 2.5 s
				case <-time.After(50 * time.Millisecond):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			p.equal(nil, err)
			p.equal(50, done.Handled+done.Left)
			p.equal(true, done.Handled > 0 && done.Left > 0 && !done.Empty)
		},
		"a handler that takes too long is told so, its message comes again": func(p *place) {
			p.say(1)
			_, err := p.open().Drain(ctx, 1, 300*time.Millisecond, func(ctx context.Context, _ fedmsg.Message) error {
				<-ctx.Done()
				return ctx.Err()
			})
			p.equal(true, errors.Is(err, context.DeadlineExceeded))
			p.equal(1, p.waiting())
		},
		"a malformed message is set aside whole and does not stop the others": func(p *place) {
			p.publish(amqp091.Publishing{MessageId: "bad", ContentType: "application/json", Body: []byte("{")}).Wait()
			p.say(1)
			var got ids
			done, err := p.open().Drain(ctx, 10, plenty, got.handle)
			p.equal(nil, err)
			p.equal(ids{"1"}, got)
			p.equal(1, done.SetAside)
			p.equal([]any{"bad", "{", p.topic + ".said"}, []any{p.aside[0].ID, string(p.aside[0].Body), p.aside[0].Topic})
			p.equal(true, errors.Is(p.aside[0].Reason, fedmsg.ErrMalformed))
			p.equal(0, p.waiting())
		},
		"a malformed message stays when it cannot be set aside": func(p *place) {
			p.publish(amqp091.Publishing{Body: []byte("{")}).Wait()
			p.asideErr = errStore
			_, err := p.open().Drain(ctx, 10, plenty, nil)
			p.equal(true, errors.Is(err, errStore))
			p.equal(1, p.waiting())
		},
		"a poisonous message is set aside": func(p *place) {
			p.say(2)
			done, err := p.open().Drain(ctx, 10, plenty, func(_ context.Context, m fedmsg.Message) error {
				if m.ID == "1" {
					return errors.Join(fedmsg.ErrPoison, errStore)
				}
				return nil
			})
			p.equal(nil, err)
			p.equal([]int{1, 1, 0}, []int{done.Handled, done.SetAside, p.waiting()})
			p.equal("1", p.aside[0].ID)
		},
		"several workers handle several at a time and lose none": func(p *place) {
			p.say(40)
			var together sync.WaitGroup
			together.Add(4)
			var mu sync.Mutex
			var got []string
			q := p.open(func(c *fedmsg.Config) { c.Workers = 4 })
			done, err := q.Drain(ctx, 100, plenty, func(_ context.Context, m fedmsg.Message) error {
				if slices.Contains([]string{"1", "2", "3", "4"}, m.ID) {
					together.Done()
					together.Wait()
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, m.ID)
				return nil
			})
			p.equal(nil, err)
			p.equal(40, done.Handled)
			slices.Sort(got)
			p.equal(40, len(slices.Compact(got)))
		},
		"a queue that must be there and is not is an error": func(p *place) {
			q := p.open(func(c *fedmsg.Config) { c.Queue = "nobody" })
			_, err := q.Drain(ctx, 1, plenty, nil)
			p.equal(true, err != nil && strings.Contains(err.Error(), "no queue 'nobody'"))
		},
		"a queue of one's own is made and bound": func(p *place) {
			name := p.queue + "-own"
			q := p.open(func(c *fedmsg.Config) {
				c.Queue, c.Passive, c.Bindings = name, false, []string{p.topic + ".#"}
			})
			defer func() { _, _ = p.ch.QueueDelete(name, false, false, false) }()
			_, err := q.Drain(ctx, 1, plenty, nil)
			p.equal(nil, err)
			p.say(2)
			var got ids
			_, err = q.Drain(ctx, 10, plenty, got.handle)
			p.equal(nil, err)
			p.equal(ids{"1", "2"}, got)
		},
		"being told to end gives back what was not handled": func(p *place) {
			p.say(10)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			done, err := p.open().Drain(ctx, 10, plenty, func(context.Context, fedmsg.Message) error {
				cancel()
				return nil
			})
			p.equal(nil, err)
			p.equal(10, done.Handled+p.waiting())
		},
	}
	for fact, check := range facts {
		t.Run(fact, func(t *testing.T) { check(newPlace(t, url)) })
	}
}
