package distaff

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	buspublish "github.com/distaff-project/distaff/functions/bus-publish"
	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/mbs"
	"github.com/distaff-project/distaff/shared/state"
)

// bus makes our end of the message bus. Where there is none, its queue is
// always empty.
func (k *connector) bus() fedmsgdrain.Bus {
	c := k.config.Bus
	if c == nil || !k.only(atBus) {
		return fedmsgdrain.Bus{Queue: noQueue{}}
	}
	bus := fedmsgdrain.Bus{
		Queue: noQueue{}, Forge: c.Forge, Koji: c.Koji, Owner: k.config.Koji[c.Koji].Owner,
		Composes: k.config.Composes != nil && len(k.config.Composes.Rules) > 0,
	}
	if forge, ok := k.config.Forges[c.Forge]; ok {
		bus.Pagure = pagureConfig(c.Forge, forge)
	}
	bus.Topics = topics(c.TopicPrefix, bus)
	aside := SetAside(k.bucket)
	if c.Datagrepper != "" {
		bus.Archive = fedmsg.Archive{Base: c.Datagrepper, SetAside: aside}
	}
	queue, ok := k.queue(c, aside)
	if ok {
		bus.Queue = queue
	}
	return bus
}

func (k *connector) queue(c *config.Bus, aside func(context.Context, fedmsg.Malformed) error) (*fedmsg.Queue, bool) {
	password, missing := k.secrets.Of(c.Password), false
	// Certificates are read anew for each connection, because they are renewed
	// under way: so their places are handed on, once something was there.
	place := func(from config.Source) string {
		missing = missing || !from.IsZero() && k.secrets.Of(from).Text() == ""
		return from.File
	}
	cfg := fedmsg.Config{
		URL: c.Address(password), Queue: c.Queue, Passive: c.Passive, Bindings: c.Bindings,
		Cert: place(c.Certificate), Key: place(c.Key), CA: place(c.CA), SetAside: aside,
		Properties: map[string]any{
			"app": "distaff " + k.config.Name, "app_url": k.config.Pages,
		},
	}
	if missing {
		return nil, false // reported with the other secrets
	}
	queue, err := fedmsg.Open(cfg)
	if err != nil {
		k.problem("bus", err)
		return nil, false
	}
	return queue, true
}

// noQueue is the queue of an instance that hears of pull requests by web hook.
type noQueue struct{}

func (noQueue) Drain(context.Context, int, time.Duration, fedmsg.Handler) (fedmsg.Drained, error) {
	return fedmsg.Drained{Empty: true}, nil
}

// topics are what the archive is asked for, which knows them only exactly.
func topics(prefix string, bus fedmsgdrain.Bus) []string {
	all := []string{prefix + ".buildsys.task.state.change"}
	for _, what := range []string{
		"new", "updated", "rebased", "reopened", "closed", "comment.added", "comment.edited",
	} {
		if bus.Pagure != nil {
			all = append(all, prefix+".pagure.pull-request."+what)
		}
	}
	for _, what := range []string{
		"buildsys.tag", "buildsys.untag", "bodhi.update.complete.stable", "bodhi.update.complete.testing", mbs.Topic,
	} {
		if bus.Composes {
			all = append(all, prefix+"."+what)
		}
	}
	return all
}

// unread is a message of the bus nobody can read, as it is kept.
type unread struct {
	ID      string         `json:"id,omitempty"`
	Topic   string         `json:"topic,omitempty"`
	Reason  string         `json:"reason"`
	Headers map[string]any `json:"headers,omitempty"`
	Body    []byte         `json:"body"` // base64: it need not be text
}

// SetAside keeps messages of the bus that cannot be read for a person to look
// at, whole and with the reason, in bucket under dead/<day>/fedmsg/<id>.json.
func SetAside(bucket state.Bucket) func(context.Context, fedmsg.Malformed) error {
	return func(ctx context.Context, m fedmsg.Malformed) error {
		kept := unread{ID: m.ID, Topic: m.Topic, Headers: m.Headers, Body: m.Body}
		if m.Reason != nil {
			kept.Reason = m.Reason.Error()
		}
		raw, err := json.Marshal(kept)
		if err != nil { // headers that JSON has no form for: the body matters more
			kept.Headers = nil
			raw, err = json.Marshal(kept)
		}
		id := m.ID
		if id == "" {
			id = forge.Digest(m.Body)
		}
		key := "dead/" + bucket.Now().UTC().Format(time.DateOnly) + "/fedmsg/" + blob.Segment(id) + ".json"
		if err == nil {
			_, err = bucket.Put(ctx, key, raw, blob.Any, blob.Type("application/json"))
		}
		if err != nil {
			return fmt.Errorf("set message %.80q aside: %w", id, err)
		}
		return nil
	}
}

// publisher says things on the bus; nil where there is none.
func (k *connector) publisher() buspublish.Bus {
	c := k.config.Bus
	if c == nil || k.config.Composes == nil || !k.only(atBus) {
		return nil
	}
	password := k.secrets.Of(c.Password)
	publisher, err := fedmsg.NewPublisher(fedmsg.Config{
		URL: c.Address(password), Cert: c.Certificate.File, Key: c.Key.File, CA: c.CA.File,
	})
	if err != nil {
		if k.secrets.Err() == nil {
			k.problem("bus", err)
		}
		return nil
	}
	return publisher
}
