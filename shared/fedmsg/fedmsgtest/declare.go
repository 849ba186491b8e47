package fedmsgtest

import (
	"encoding/binary"
	"fmt"
)

func (ch *channel) exchangeMethod(method uint32, d *decoder) error {
	if method != exchangeDeclare {
		return notImplemented("exchanges are declared here, nothing else")
	}
	d.short()
	name, kind, bits := d.shortText(), d.shortText(), d.octet()
	passive, noWait := bits&1 != 0, bits&16 != 0
	bus := ch.conn.bus
	known, exists := bus.exchanges[name]
	switch {
	case !exists && passive:
		return notFound("exchange", name)
	case !exists && kind != "topic":
		return notImplemented("exchanges are of the kind topic here")
	case !exists:
		bus.exchanges[name] = kind
	case !passive && known != kind:
		return preconditionFailed("inequivalent arg 'type' for exchange '%s' in vhost '/': received '%s' but current is '%s'", name, kind, known)
	}
	if !noWait {
		ch.reply(exchangeDeclareOK, nil)
	}
	return nil
}

func (ch *channel) queueMethod(method uint32, d *decoder) error {
	d.short()
	name := d.shortText()
	switch method {
	case queueDeclare:
		return ch.declare(name, d)
	case queueBind, queueUnbind:
		exchange, key := d.shortText(), d.shortText()
		noWait := method == queueBind && d.octet()&1 != 0
		return ch.bind(method, binding{exchange, key, name}, noWait)
	case queuePurge:
		q, err := ch.queue(name)
		if err != nil {
			return err
		}
		count := len(q.ready)
		for it := q.pop(); it != nil; it = q.pop() {
			ch.conn.bus.journal.gone(q.name, it)
		}
		ch.conn.bus.stir()
		if d.octet()&1 == 0 {
			ch.reply(queuePurgeOK, binary.BigEndian.AppendUint32(nil, uint32(count)))
		}
	case queueDelete:
		return ch.deleteQueue(name, d.octet())
	default:
		return notImplemented("queue method")
	}
	return nil
}

// queue finds a queue this connection may use.
func (ch *channel) queue(name string) (*queue, error) {
	q := ch.conn.bus.queues[name]
	if q == nil {
		return nil, notFound("queue", name)
	}
	if q.owner != nil && q.owner != ch.conn {
		return nil, &channelError{code: 405, text: fmt.Sprintf("RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '%s' in vhost '/'", name)}
	}
	return q, nil
}

func (ch *channel) declare(name string, d *decoder) error {
	bits := d.octet()
	passive, durable, exclusive, autoDelete, noWait := bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0, bits&16 != 0
	d.table(0) // arguments change how a queue is kept, which is one way here
	bus := ch.conn.bus
	if name == "" && !passive {
		bus.named++
		name = fmt.Sprintf("amq.gen-%d", bus.named)
	}
	q, err := ch.queue(name)
	switch {
	case err != nil && (passive || bus.queues[name] != nil):
		return err
	case err != nil:
		q = &queue{name: name, durable: durable, autoDelete: autoDelete}
		if exclusive {
			q.owner = ch.conn
		}
		bus.add(q)
	case !passive && q.durable != durable:
		return preconditionFailed("inequivalent arg 'durable' for queue '%s' in vhost '/': received '%t' but current is '%t'", name, durable, q.durable)
	case !passive && q.autoDelete != autoDelete:
		return preconditionFailed("inequivalent arg 'auto_delete' for queue '%s' in vhost '/': received '%t' but current is '%t'", name, autoDelete, q.autoDelete)
	}
	if !noWait {
		arguments := appendShortText(nil, name)
		arguments = binary.BigEndian.AppendUint32(arguments, uint32(len(q.ready)))
		ch.reply(queueDeclareOK, binary.BigEndian.AppendUint32(arguments, uint32(len(q.consumers))))
	}
	return nil
}

func (ch *channel) bind(method uint32, b binding, noWait bool) error {
	if _, err := ch.queue(b.queue); err != nil {
		return err
	}
	if _, known := ch.conn.bus.exchanges[b.exchange]; !known {
		return notFound("exchange", b.exchange)
	}
	if method == queueUnbind {
		ch.conn.bus.unbind(b)
		ch.reply(queueUnbindOK, nil)
		return nil
	}
	ch.conn.bus.bind(b)
	if !noWait {
		ch.reply(queueBindOK, nil)
	}
	return nil
}

func (ch *channel) deleteQueue(name string, bits byte) error {
	ifUnused, ifEmpty, noWait := bits&1 != 0, bits&2 != 0, bits&4 != 0
	count := 0
	if ch.conn.bus.queues[name] != nil { // deleting what is not there is no error
		q, err := ch.queue(name)
		switch {
		case err != nil:
			return err
		case ifUnused && len(q.consumers) > 0:
			return preconditionFailed("queue '%s' in vhost '/' in use", name)
		case ifEmpty && len(q.ready) > 0:
			return preconditionFailed("queue '%s' in vhost '/' not empty", name)
		}
		count = len(q.ready)
		ch.conn.bus.remove(q)
	}
	if !noWait {
		ch.reply(queueDeleteOK, binary.BigEndian.AppendUint32(nil, uint32(count)))
	}
	return nil
}
