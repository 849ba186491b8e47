package fedmsg_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

func TestACutConnectionLosesNothing(t *testing.T) {
	for name, fault := range map[string]func(*fedmsgtest.Bus){
		"while delivering": func(b *fedmsgtest.Bus) { b.CutOnDelivery(7) },
		"while acking":     func(b *fedmsgtest.Bus) { b.CutOnAck(7) },
	} {
		t.Run(name, func(t *testing.T) {
			bus := fedmsgtest.NewBus()
			p := newPlace(t, listen(t, bus))
			p.say(20)
			fault(bus)
			var got ids
			q := p.open()
			_, err := q.Drain(t.Context(), 100, plenty, got.handle)
			if err == nil {
				t.Error("the cut was not noticed")
			}
			if err := bus.Wait(t.Context(), p.queue, func(s fedmsgtest.State) bool { return s.Unacked == 0 }); err != nil {
				t.Fatal(err)
			}
			done, err := q.Drain(t.Context(), 100, plenty, got.handle)
			p.equal(nil, err)
			p.equal(true, done.Empty && done.Redelivered > 0)
			seen := map[string]bool{}
			for _, id := range got {
				seen[strings.TrimSuffix(id, "*")] = true
			}
			p.equal(20, len(seen))
		})
	}
}

func TestADeletedQueueIsNoticed(t *testing.T) {
	bus := fedmsgtest.NewBus()
	p := newPlace(t, listen(t, bus))
	p.say(3)
	_, err := p.open().Drain(t.Context(), 100, plenty, func(context.Context, fedmsg.Message) error {
		bus.DeleteQueue(p.queue)
		return nil
	})
	if err == nil {
		t.Error("draining a queue that went away was no error")
	}
}

func TestABrokerThatHangsIsLeftAfterTheBudget(t *testing.T) {
	listener := silentListener(t)
	q, err := fedmsg.Open(fedmsg.Config{
		URL: "amqp://guest:guest@" + listener + "/", Queue: "q",
		SetAside: func(context.Context, fedmsg.Malformed) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = q.Drain(t.Context(), 1, 100*time.Millisecond, nil)
	if err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v", err)
	}
}

func TestFollowComesBackAfterACut(t *testing.T) {
	bus := fedmsgtest.NewBus()
	p := newPlace(t, listen(t, bus))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var connected, lost int
	q := p.open(func(c *fedmsg.Config) {
		c.Connected = func(context.Context) error {
			connected++
			return nil
		}
		c.Lost = func(_ context.Context, err error, again time.Duration) {
			if err == nil || again <= 0 {
				t.Errorf("lost by %v, again in %s", err, again)
			}
			lost++
		}
	})
	p.say(1)
	var got ids
	err := q.Follow(ctx, func(ctx context.Context, m fedmsg.Message) error {
		if err := got.handle(ctx, m); err != nil {
			return err
		}
		switch len(got) {
		case 1:
			bus.Cut()
			bus.Publish(p.topic+".later", nil, []byte(`{}`))
		case 3:
			cancel()
		}
		return nil
	})
	p.equal(nil, err)
	p.equal([]int{2, 1}, []int{connected, lost})
	p.equal([]string{"1", "1*"}, []string(got[:2]))
}

// silentListener takes connections and says nothing.
func silentListener(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return listener.Addr().String()
}
