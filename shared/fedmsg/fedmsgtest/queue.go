package fedmsgtest

import (
	"container/heap"
	"slices"
)

// message is what was published, shared by the queues it was routed to.
type message struct {
	exchange, key string
	properties    []byte // as they came, passed on untouched
	body          []byte
}

// item is a message in one queue. Its place is kept for when it comes back.
type item struct {
	*message
	place       uint64
	redelivered bool
}

// places orders the waiting items; a requeued one goes back to where it was.
type places []*item

func (p places) Len() int           { return len(p) }
func (p places) Less(i, j int) bool { return p[i].place < p[j].place }
func (p places) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *places) Push(x any)        { *p = append(*p, x.(*item)) }
func (p *places) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return x
}

// queue holds messages for its consumers. The bus's lock guards it.
type queue struct {
	name       string
	durable    bool
	autoDelete bool
	owner      *conn // of an exclusive queue
	next       uint64
	ready      places
	unacked    int
	consumers  []*consumer
	turn       int // whose turn it is
}

// consumer is a subscription of one channel.
type consumer struct {
	tag      string
	channel  *channel
	queue    *queue
	noAck    bool
	prefetch int // 0 is no bound
	inflight int
}

func (q *queue) put(m *message) *item {
	q.next++
	it := &item{message: m, place: q.next}
	heap.Push(&q.ready, it)
	return it
}

func (q *queue) putBack(it *item) {
	it.redelivered = true
	q.unacked--
	heap.Push(&q.ready, it)
}

func (q *queue) pop() *item {
	if len(q.ready) == 0 {
		return nil
	}
	return heap.Pop(&q.ready).(*item)
}

// dispatch hands waiting items to consumers that have room, in turns.
func (q *queue) dispatch() {
	for len(q.ready) > 0 {
		c := q.idle()
		if c == nil {
			return
		}
		c.channel.deliver(c, q.pop())
	}
}

func (q *queue) idle() *consumer {
	for range q.consumers {
		q.turn = (q.turn + 1) % len(q.consumers)
		c := q.consumers[q.turn]
		if !c.channel.conn.dying && (c.prefetch == 0 || c.inflight < c.prefetch) {
			return c
		}
	}
	return nil
}

func (q *queue) drop(c *consumer) {
	q.consumers = slices.DeleteFunc(q.consumers, func(other *consumer) bool { return other == c })
}
