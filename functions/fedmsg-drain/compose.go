package fedmsgdrain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/mbs"
)

// compose passes on what a rule may want a compose for. It is not stored: a
// rule that hears nothing looks by itself, and what it looks at is the truth.
func (d drain) compose(m fedmsg.Message) (func(context.Context) ([]event.Draft, error), error) {
	draft, err := d.news(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fedmsg.ErrPoison, err)
	}
	if draft.Type == "" {
		return nil, nil // nothing to us
	}
	draft.ID = m.ID
	return func(context.Context) ([]event.Draft, error) { return []event.Draft{draft}, nil }, nil
}

// news reads a message; a draft without a type is none.
func (d drain) news(m fedmsg.Message) (event.Draft, error) {
	switch {
	case strings.HasSuffix(m.Topic, ".tag"), strings.HasSuffix(m.Topic, ".untag"):
		return d.tag(m)
	case strings.Contains(m.Topic, ".bodhi."):
		u, err := bodhi.ParseUpdateMessage(m.Topic, m.Body)
		if errors.Is(err, bodhi.ErrNotUpdate) {
			return event.Draft{}, nil
		}
		return event.BodhiUpdateChanged.Say(event.BodhiUpdate{
			Alias: u.Alias, Status: u.Status, Request: u.Request, Type: u.Type, Release: u.Release,
			Builds: u.Builds, User: u.User, Topic: m.Topic, At: m.Sent,
		}), err
	case mbs.Hears(m.Topic):
		c, err := mbs.ParseChange(m.Body)
		return event.ModuleChanged.Say(event.ModuleBuild{
			Name: c.Name, Stream: c.Stream, Version: c.Version, Context: c.Context, State: c.State.String(), At: m.Sent,
		}), err
	}
	return event.Draft{}, nil
}

// tag reads a message about a tag. Bodhi's of overrides end alike.
func (d drain) tag(m fedmsg.Message) (event.Draft, error) {
	c, err := koji.ParseTagChange(m.Topic, m.Body)
	if errors.Is(err, koji.ErrNotTag) {
		return event.Draft{}, nil
	}
	return event.KojiTagChanged.Say(event.TagChange{
		Koji: d.bus.Koji, Tag: c.Tag, TagID: c.TagID, Build: c.NVR.String(), BuildID: c.BuildID,
		User: c.User, Untagged: c.Untagged, At: m.Sent,
	}), err
}
