package fedmsgtest

import "slices"

// add, remove, bind, unbind and route are called with the bus's lock held.

func (b *Bus) add(q *queue) {
	b.queues[q.name] = q
	if q.durable && q.owner == nil {
		b.journal.add(q.name, q.autoDelete)
	}
}

// remove takes a queue away and tells its consumers.
func (b *Bus) remove(q *queue) {
	delete(b.queues, q.name)
	b.bindings = slices.DeleteFunc(b.bindings, func(other binding) bool { return other.queue == q.name })
	b.journal.remove(q.name)
	consumers := q.consumers
	q.consumers = nil
	for _, c := range consumers {
		delete(c.channel.consumers, c.tag)
		c.channel.reply(basicCancel, append(appendShortText(nil, c.tag), 1)) // 1: no answer wanted
	}
	b.stir()
}

func (b *Bus) bind(added binding) {
	if slices.Contains(b.bindings, added) {
		return
	}
	b.bindings = append(b.bindings, added)
	if q := b.queues[added.queue]; q.durable && q.owner == nil {
		b.journal.bind(added)
	}
}

func (b *Bus) unbind(gone binding) {
	b.bindings = slices.DeleteFunc(b.bindings, func(other binding) bool { return other == gone })
	b.journal.unbind(gone)
}

// route brings a message to the queues bound to it, once to each, and says how
// many those are. What was held back as Late follows.
func (b *Bus) route(m *message) (int, error) {
	p, err := m.read()
	if err != nil {
		return 0, err
	}
	queues := b.bound(m)
	if m.exchange == "" {
		b.put(m, queues)
		return len(queues), nil
	}
	b.store(m, p)
	late := b.faults.held
	b.faults.held = nil
	fate := Delivered
	if b.faults.fate != nil {
		fate = b.faults.fate(m.key, p.messageID)
	}
	switch fate {
	case Delivered:
		b.put(m, queues)
	case Duplicated:
		b.put(m, queues)
		b.put(m, queues)
	case Late:
		b.faults.held = append(b.faults.held, m)
	case Dropped:
	}
	for _, held := range late {
		b.put(held, b.bound(held))
	}
	return len(queues), nil
}

func (b *Bus) bound(m *message) []*queue {
	if m.exchange == "" { // the default exchange: the key is the queue's name
		if q := b.queues[m.key]; q != nil {
			return []*queue{q}
		}
		return nil
	}
	var queues []*queue
	for _, to := range b.bindings {
		q := b.queues[to.queue]
		if to.exchange == m.exchange && !slices.Contains(queues, q) && matches(to.key, m.key) {
			queues = append(queues, q)
		}
	}
	return queues
}

func (b *Bus) put(m *message, queues []*queue) {
	places := map[string]uint64{}
	for _, q := range queues {
		it := q.put(m)
		if q.durable && q.owner == nil {
			places[q.name] = it.place
		}
	}
	b.journal.put(m, places)
	for _, q := range queues {
		q.dispatch()
	}
	b.stir()
}
