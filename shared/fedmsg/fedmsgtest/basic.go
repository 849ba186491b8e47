package fedmsgtest

import (
	"encoding/binary"
	"fmt"
)

// mostContent bounds what may be published, as RabbitMQ's max_message_size.
const mostContent = 128 << 20

func (ch *channel) basicMethod(method uint32, d *decoder) error {
	switch method {
	case basicQos:
		d.long() // a size in bytes; RabbitMQ knows none either
		ch.prefetch = int(d.short())
		d.octet()
		ch.reply(basicQosOK, nil)
	case basicConsume:
		return ch.consume(d)
	case basicCancel:
		tag := d.shortText()
		ch.unsubscribe(tag)
		if d.octet()&1 == 0 {
			ch.reply(basicCancelOK, appendShortText(nil, tag))
		}
	case basicPublish:
		d.short()
		ch.incoming = &publishing{exchange: d.shortText(), key: d.shortText()}
		ch.incoming.mandatory = d.octet()&1 != 0
	case basicGet:
		d.short()
		return ch.get(d.shortText(), d.octet()&1 != 0)
	case basicAck:
		tag, multiple := d.longer(), d.octet()&1 != 0
		if ch.conn.bus.faults.ack() {
			ch.conn.cut()
			return nil
		}
		return ch.end(tag, multiple, false)
	case basicNack:
		tag, bits := d.longer(), d.octet()
		return ch.end(tag, bits&1 != 0, bits&2 != 0)
	case basicReject:
		return ch.end(d.longer(), false, d.octet()&1 != 0)
	case basicRecover:
		d.octet()
		all, _ := ch.settle(0, true)
		ch.finish(all, true)
		ch.reply(basicRecoverOK, nil)
	default:
		return notImplemented("basic method")
	}
	return nil
}

func (ch *channel) end(tag uint64, multiple, back bool) error {
	settled, err := ch.settle(tag, multiple)
	if err != nil {
		return err
	}
	ch.finish(settled, back)
	return nil
}

func (ch *channel) consume(d *decoder) error {
	d.short()
	name, tag, bits := d.shortText(), d.shortText(), d.octet()
	d.table(0)
	q, err := ch.queue(name)
	if err != nil {
		return err
	}
	noAck, exclusive, noWait := bits&2 != 0, bits&4 != 0, bits&8 != 0
	if exclusive && len(q.consumers) > 0 {
		return &channelError{code: 403, text: fmt.Sprintf("ACCESS_REFUSED - queue '%s' in vhost '/' in exclusive use", name)}
	}
	if tag == "" {
		ch.conn.bus.named++
		tag = fmt.Sprintf("amq.ctag-%d", ch.conn.bus.named)
	}
	if ch.consumers[tag] != nil {
		return &connError{530, fmt.Sprintf("NOT_ALLOWED - attempt to reuse consumer tag '%s'", tag)}
	}
	c := &consumer{tag: tag, channel: ch, queue: q, noAck: noAck, prefetch: ch.prefetch}
	ch.consumers[tag] = c
	q.consumers = append(q.consumers, c)
	if !noWait {
		ch.reply(basicConsumeOK, appendShortText(nil, tag))
	}
	q.dispatch()
	ch.conn.bus.stir()
	return nil
}

func (ch *channel) get(name string, noAck bool) error {
	q, err := ch.queue(name)
	if err != nil {
		return err
	}
	it := q.pop()
	if it == nil {
		ch.reply(basicGetEmpty, appendShortText(nil, ""))
		return nil
	}
	ch.lastTag++
	if noAck {
		ch.conn.bus.journal.gone(q.name, it)
	} else {
		q.unacked++
		ch.unacked = append(ch.unacked, outstanding{ch.lastTag, it, q, nil})
	}
	method := binary.BigEndian.AppendUint64(methodPayload(basicGetOK, nil), ch.lastTag)
	method = append(method, flag(it.redelivered))
	method = appendShortText(method, it.exchange)
	method = appendShortText(method, it.key)
	method = binary.BigEndian.AppendUint32(method, uint32(len(q.ready)))
	ch.conn.send(appendContent(nil, ch.id, method, it.properties, it.body))
	ch.conn.bus.stir()
	return nil
}

// publishing is a message that comes in, frame by frame.
type publishing struct {
	exchange, key string
	mandatory     bool
	hasHeader     bool
	properties    []byte
	size          uint64
	body          []byte
}

func (ch *channel) content(f frame) error {
	p := ch.incoming
	switch {
	case p == nil:
		return &connError{505, "UNEXPECTED_FRAME - expected a method, got content"}
	case f.kind == frameHeader && !p.hasHeader:
		d := decoder{rest: f.payload}
		d.short()
		d.short()
		p.size, p.hasHeader = d.longer(), true
		if d.err != nil {
			return d.err
		}
		p.properties = d.rest
		if p.size > mostContent {
			return &connError{501, "FRAME_ERROR - content too large"}
		}
	case f.kind == frameBody && p.hasHeader && uint64(len(p.body)+len(f.payload)) <= p.size:
		p.body = append(p.body, f.payload...)
	default:
		return &connError{505, "UNEXPECTED_FRAME - content out of order"}
	}
	if uint64(len(p.body)) < p.size {
		return nil
	}
	ch.incoming = nil
	return ch.publish(p)
}

func (ch *channel) publish(p *publishing) error {
	if _, known := ch.conn.bus.exchanges[p.exchange]; !known && p.exchange != "" {
		return notFound("exchange", p.exchange)
	}
	routed, err := ch.conn.bus.route(&message{p.exchange, p.key, p.properties, p.body})
	if err != nil {
		return err
	}
	if routed == 0 && p.mandatory {
		method := binary.BigEndian.AppendUint16(methodPayload(basicReturn, nil), 312)
		method = appendShortText(method, "NO_ROUTE")
		method = appendShortText(method, p.exchange)
		method = appendShortText(method, p.key)
		ch.conn.send(appendContent(nil, ch.id, method, p.properties, p.body))
	}
	if ch.confirms {
		ch.published++
		ack := binary.BigEndian.AppendUint64(nil, ch.published)
		ch.reply(basicAck, append(ack, 0))
	}
	return nil
}
