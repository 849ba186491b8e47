// Package buspublish says on Fedora Messaging what became of a compose, as ODCS
// does: under the topic its own clients listen for, and under the one
// Freshmaker does.
package buspublish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
)

// The topics of a compose's changes, below the prefix of the instance.
const (
	Topic = "odcs.compose.state-changed"
	// Older is what Freshmaker looks for: any topic that ends in it.
	Older = "odcs.state.change"
)

// Bus is where things are said.
type Bus interface {
	Publish(ctx context.Context, messages ...fedmsg.Message) error
}

// New returns the function. Bus may be nil where nothing is said on a bus;
// prefix is what its topics begin with: org.fedoraproject.prod.
func New(bus Bus, prefix string) fn.Function {
	p := publisher{bus, prefix}
	return fn.Function{
		Name: "bus-publish", Does: "say on the bus what became of a compose", System: "fedora-messaging",
		Hears: []fn.Route{fn.On(event.ComposeStateChanged, p.publish)},
	}
}

type publisher struct {
	bus    Bus
	prefix string
}

func (p publisher) publish(ctx context.Context, in fn.In[event.ComposeState]) ([]event.Draft, error) {
	if p.bus == nil {
		return nil, nil
	}
	messages := make([]fedmsg.Message, 0, 2)
	for _, topic := range []string{Topic, Older} {
		messages = append(messages, fedmsg.Message{
			ID: name(in.Event, topic), Topic: p.prefix + "." + topic, Sent: in.Event.Time(), Body: in.Event.Data(),
		})
	}
	err := p.bus.Publish(ctx, messages...)
	if errors.Is(err, fedmsg.ErrRefused) {
		return nil, fn.Permanent(err)
	}
	return nil, err
}

// name is a UUID that the same event has however often it comes, so that
// whoever hears it twice can know.
func name(e event.Event, topic string) string {
	sum := sha256.Sum256([]byte(e.Source() + "\x00" + e.ID() + "\x00" + topic))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8, RFC 9562
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
