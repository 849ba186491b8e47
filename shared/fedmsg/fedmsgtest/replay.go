package fedmsgtest

import (
	"container/heap"
	"os"
	"slices"
)

// apply does again what a line of the journal says.
func (b *Bus) apply(e entry) {
	switch {
	case e.Queue != nil:
		if b.queues[e.Queue.Name] == nil {
			b.add(&queue{name: e.Queue.Name, durable: true, autoDelete: e.Queue.AutoDelete})
		}
	case e.Remove != "":
		if q := b.queues[e.Remove]; q != nil {
			b.remove(q)
		}
	case e.Bind != nil:
		if b.queues[e.Bind.Queue] != nil {
			b.bind(binding{e.Bind.Exchange, e.Bind.Key, e.Bind.Queue})
		}
	case e.Unbind != nil:
		b.unbind(binding{e.Unbind.Exchange, e.Unbind.Key, e.Unbind.Queue})
	case e.Message != nil:
		b.applyMessage(*e.Message)
	case e.Gone != nil:
		q := b.queues[e.Gone.Queue]
		if q == nil {
			return
		}
		at := slices.IndexFunc(q.ready, func(it *item) bool { return it.place == e.Gone.Place })
		if at >= 0 {
			heap.Remove(&q.ready, at)
		}
	}
}

func (b *Bus) applyMessage(e messageEntry) {
	m := &message{e.Exchange, e.Key, e.Properties, e.Body}
	if p, err := m.read(); err == nil && m.exchange != "" {
		b.store(m, p)
	}
	for name, place := range e.Places {
		if q := b.queues[name]; q != nil {
			heap.Push(&q.ready, &item{message: m, place: place})
			q.next = max(q.next, place)
		}
	}
}

// compact writes the present state to a fresh journal and goes on with that.
func (b *Bus) compact(name string) error {
	file, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	j := &journal{file: file}
	for _, q := range b.queues {
		j.add(q.name, q.autoDelete)
	}
	for _, bound := range b.bindings {
		j.bind(bound)
	}
	waiting := map[*message]map[string]uint64{}
	var order []*message
	for _, q := range b.queues {
		for _, it := range q.ready {
			if waiting[it.message] == nil {
				waiting[it.message] = map[string]uint64{}
				order = append(order, it.message)
			}
			waiting[it.message][q.name] = it.place
		}
	}
	for _, r := range b.archive.rows {
		j.put(r.message(), nil)
	}
	for _, m := range order {
		j.put(m, waiting[m])
	}
	if j.err != nil {
		return j.err
	}
	b.journal = j
	return os.Rename(name+".new", name)
}

// message makes a row publishable again.
func (r row) message() *message {
	return &message{exchange: Topic, key: r.Topic, body: r.Body, properties: properties{
		contentType: "application/json", contentEncoding: "utf-8", headers: r.Headers,
		deliveryMode: 2, priority: r.Priority, hasPriority: true, messageID: r.ID,
	}.encode()}
}
