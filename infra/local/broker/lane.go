package broker

import (
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// task is one event on its way to one subscriber.
type task struct {
	seq     uint64
	event   *event.Event // not to be changed: other tasks share it
	route   *route
	flow    *flow // the route's, or its dead letter sink's
	attempt int   // made so far in this flow
}

// lane is all that goes to one destination.
type lane struct {
	to         manifest.Destination
	subscriber Subscriber
	limit      int
	running    int
	flows      []*flow
	turn       int
}

// flow is what one route sends into a lane, in order.
type flow struct {
	lane    *lane
	limit   int // 0 is none of its own
	running int
	queue   []*task
}

func (l *lane) flow(limit int) *flow {
	f := &flow{lane: l, limit: limit}
	l.flows = append(l.flows, f)
	return f
}

// next takes the next task that may run, flows in turn so that none waits
// for another's backlog.
func (l *lane) next() *task {
	for range l.flows {
		f := l.flows[l.turn]
		l.turn = (l.turn + 1) % len(l.flows)
		if len(f.queue) == 0 || f.limit > 0 && f.running >= f.limit {
			continue
		}
		t := f.queue[0]
		f.queue[0] = nil
		f.queue = f.queue[1:]
		return t
	}
	return nil
}

// begin counts a new task and queues it. b.mu is held.
func (b *Broker) begin(t *task) {
	b.count(1)
	b.enqueue(t)
}

// enqueue puts a task at the end of its flow. b.mu is held.
func (b *Broker) enqueue(t *task) {
	t.flow.queue = append(t.flow.queue, t)
	b.employ(t.flow.lane)
}

// employ starts deliveries while the lane has room and work. b.mu is held.
func (b *Broker) employ(l *lane) {
	for b.state == started && l.running < l.limit {
		t := l.next()
		if t == nil {
			return
		}
		l.running++
		t.flow.running++
		b.flying++
		go b.work(t)
	}
}

// work delivers t, then goes on with whatever its lane has next.
func (b *Broker) work(t *task) {
	l := t.flow.lane
	for t != nil {
		b.attempt(t)
		b.mu.Lock()
		t.flow.running--
		t = nil
		if b.state == started {
			t = l.next()
		}
		if t == nil {
			l.running--
			b.land()
		} else {
			t.flow.running++
		}
		b.mu.Unlock()
	}
}

// land counts one delivery less. b.mu is held.
func (b *Broker) land() {
	b.flying--
	b.checkLanded()
}

func (b *Broker) checkLanded() {
	if b.state == closing && b.flying == 0 {
		select {
		case <-b.landed:
		default:
			close(b.landed)
		}
	}
}
