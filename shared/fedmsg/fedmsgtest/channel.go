package fedmsgtest

import (
	"encoding/binary"
	"slices"
)

// channel is one conversation within a connection.
type channel struct {
	conn      *conn
	id        uint16
	closing   bool // channel.close was sent
	prefetch  int
	consumers map[string]*consumer
	lastTag   uint64
	unacked   []outstanding // by rising tag
	confirms  bool
	published uint64
	incoming  *publishing
}

// outstanding is a delivery that was not acked yet.
type outstanding struct {
	tag      uint64
	item     *item
	queue    *queue
	consumer *consumer // nil for a basic.get
}

func newChannel(c *conn, id uint16) *channel {
	return &channel{conn: c, id: id, consumers: map[string]*consumer{}}
}

func (ch *channel) hear(f frame) error {
	if ch.closing {
		if isMethod(f, channelCloseOK) {
			delete(ch.conn.channels, ch.id)
		}
		return nil
	}
	if f.kind != frameMethod {
		return ch.content(f)
	}
	if ch.incoming != nil {
		return &connError{505, "UNEXPECTED_FRAME - expected content, got a method"}
	}
	if len(f.payload) < 4 {
		return errFrame
	}
	method := methodOf(f)
	d := &decoder{rest: f.payload[4:]}
	err := ch.obey(method, d)
	if d.err != nil {
		return d.err
	}
	if broken, ok := err.(*channelError); ok { //nolint:errorlint // made just above, never wrapped
		broken.method = method
	}
	return err
}

func (ch *channel) obey(method uint32, d *decoder) error {
	switch method >> 16 {
	case 40:
		return ch.exchangeMethod(method, d)
	case 50:
		return ch.queueMethod(method, d)
	case classBasic:
		return ch.basicMethod(method, d)
	}
	switch method {
	case channelClose:
		ch.release()
		delete(ch.conn.channels, ch.id)
		ch.reply(channelCloseOK, nil)
	case channelFlow:
		ch.reply(channelFlowOK, []byte{d.octet()})
	case confirmSelect:
		ch.confirms = true
		if d.octet()&1 == 0 {
			ch.reply(confirmSelectOK, nil)
		}
	default:
		return notImplemented("method of another class")
	}
	return nil
}

func (ch *channel) reply(method uint32, arguments []byte) { ch.conn.reply(ch.id, method, arguments) }

// deliver hands an item to a consumer, or cuts the connection instead when
// that fault was asked for: the item then counts as delivered and comes back.
func (ch *channel) deliver(c *consumer, it *item) {
	ch.lastTag++
	if c.noAck {
		ch.conn.bus.journal.gone(c.queue.name, it)
	} else {
		c.inflight++
		c.queue.unacked++
		ch.unacked = append(ch.unacked, outstanding{ch.lastTag, it, c.queue, c})
	}
	if ch.conn.bus.faults.delivery() {
		ch.conn.cut()
		return
	}
	method := methodPayload(basicDeliver, appendShortText(nil, c.tag))
	method = binary.BigEndian.AppendUint64(method, ch.lastTag)
	method = append(method, flag(it.redelivered))
	method = appendShortText(method, it.exchange)
	method = appendShortText(method, it.key)
	ch.conn.send(appendContent(nil, ch.id, method, it.properties, it.body))
}

// settle takes deliveries off the list: one tag, or all up to it; 0 with
// multiple is all there are.
func (ch *channel) settle(tag uint64, multiple bool) ([]outstanding, error) {
	if multiple && tag == 0 {
		all := ch.unacked
		ch.unacked = nil
		return all, nil
	}
	at, found := slices.BinarySearchFunc(ch.unacked, tag, func(o outstanding, tag uint64) int {
		return int(int64(o.tag) - int64(tag))
	})
	if !found {
		return nil, preconditionFailed("unknown delivery tag %d", tag)
	}
	from := at
	if multiple {
		from = 0
	}
	settled := slices.Clone(ch.unacked[from : at+1])
	ch.unacked = slices.Delete(ch.unacked, from, at+1)
	return settled, nil
}

// finish ends deliveries: gone, or back in their queues.
func (ch *channel) finish(settled []outstanding, back bool) {
	touched := map[*queue]bool{}
	for _, o := range settled {
		if o.consumer != nil {
			o.consumer.inflight--
		}
		if back {
			o.queue.putBack(o.item)
		} else {
			o.queue.unacked--
			ch.conn.bus.journal.gone(o.queue.name, o.item)
		}
		touched[o.queue] = true
	}
	for q := range touched {
		q.dispatch()
	}
	ch.conn.bus.stir()
}

// release undoes the channel: consumers first, so that none of its own gets
// what goes back.
func (ch *channel) release() {
	for tag := range ch.consumers {
		ch.unsubscribe(tag)
	}
	all, _ := ch.settle(0, true)
	ch.finish(all, true)
}

func (ch *channel) unsubscribe(tag string) {
	c := ch.consumers[tag]
	if c == nil {
		return
	}
	delete(ch.consumers, tag)
	c.queue.drop(c)
	if c.queue.autoDelete && len(c.queue.consumers) == 0 {
		ch.conn.bus.remove(c.queue)
	}
}

// fail closes the channel with a reason.
func (ch *channel) fail(e *channelError) {
	ch.release()
	ch.closing = true
	ch.incoming = nil
	ch.reply(channelClose, closeArguments(e.code, e.text, e.method))
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}
