package composesim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// files are what a directory of a compose has here, in the order it is written.
func files() []string {
	return []string{"compose/Temporary/x86_64/os/repodata/a.zst", "compose/Temporary/x86_64/os/repodata/repomd.xml", "compose/Temporary/odcs.repo", "STATUS"}
}

func fileOf(dir int64, name string) string { return fmt.Sprintf("composes/odcs-%d/%s", dir, name) }

// plan is what lies in store for a compose: what it is made of, in how many
// parts, and whether that works.
type plan struct {
	content string
	parts   int
	fails   bool
}

// planOf reads the plan of a compose from what it was asked for.
func planOf(r compose.Request) plan {
	var p plan
	_, _ = fmt.Sscanf(strings.Join(r.Source, " "), "%s %d %t", &p.content, &p.parts, &p.fails)
	return p
}

func (p plan) source() []string { return []string{p.content, fmt.Sprint(p.parts), fmt.Sprint(p.fails)} }

// maker does what compose-make does, with nothing to read and nothing to
// compress.
func (w *World) maker() fn.Function {
	return fn.Function{
		Name:  "compose-make",
		Hears: []fn.Route{fn.On(event.ComposeMakeWanted, w.makeCompose)},
		Says: []event.Named{
			event.ComposeBegan, event.ComposeProgressed, event.ComposeFollows, event.ComposeMade, event.ComposeFailed,
		},
	}
}

func (w *World) makeCompose(ctx context.Context, in fn.In[event.ComposeOrder]) ([]event.Draft, error) {
	c, err := w.desk.Read(ctx, in.Data.ID)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fn.Permanent(err)
	}
	if err != nil {
		return nil, err
	}
	answer := in.Data.Answer()
	answer.At = w.now
	switch {
	case !c.Wants(in.Data.Label) && c.Over():
		answer.Over = true
		return []event.Draft{event.ComposeFailed.Say(answer)}, nil
	case !c.Wants(in.Data.Label):
		return nil, nil
	}
	m := making{World: w, c: c, plan: planOf(c.Request), answer: answer}
	drafts, err := m.all(ctx)
	if errors.Is(err, compose.ErrOver) {
		// Another run of this order may have said so before, and what this one
		// left came later.
		answer.Over, answer.At = true, w.now
		return []event.Draft{event.ComposeFailed.Say(answer)}, nil
	}
	return drafts, err
}

type making struct {
	*World
	c      compose.Compose
	plan   plan
	answer event.ComposeAnswer
	drafts []event.Draft
}

func (m *making) say(kind event.Kind[event.ComposeAnswer]) ([]event.Draft, error) {
	return append(m.drafts, kind.Say(m.answer)), nil
}

func (m *making) all(ctx context.Context) ([]event.Draft, error) {
	if m.c.State == compose.Wait {
		began := m.answer
		began.Total = m.plan.parts
		m.drafts = append(m.drafts, event.ComposeBegan.Say(began))
	}
	if m.plan.fails {
		m.answer.Reason = "it cannot be"
		return m.say(event.ComposeFailed)
	}
	m.answer.Content, m.answer.Until = m.plan.content, m.now.Add(m.desk.Rules.Life(m.c.Request.Lifetime))
	if done, err := m.reuse(ctx); done != nil || err != nil {
		return done, err
	}
	key := compose.ReuseKey(m.c.Request)
	reuse := compose.Reuse{Bucket: m.bucket}
	if err := reuse.Note(ctx, key, m.c.ID, false); err != nil {
		return nil, err
	}
	if m.c.Finished < m.plan.parts {
		m.answer.Done, m.answer.Total, m.answer.Large = m.c.Finished+1, m.plan.parts, m.slow
		return m.say(event.ComposeProgressed)
	}
	dir, err := m.desk.Contents.Join(ctx, m.plan.content, compose.HolderOf(m.c.ID), m.answer.Until)
	if err == nil && dir == 0 {
		dir, err = m.write(ctx)
	}
	if err == nil {
		err = reuse.Note(ctx, key, m.c.ID, true)
	}
	if err != nil {
		return nil, err
	}
	m.answer.Dir = dir
	return m.say(event.ComposeMade)
}

// reuse looks for another compose to answer with, or to wait for.
func (m *making) reuse(ctx context.Context) ([]event.Draft, error) {
	ids, err := (compose.Reuse{Bucket: m.bucket}).Candidates(ctx, compose.ReuseKey(m.c.Request))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		other, err := m.desk.Read(ctx, id)
		if err != nil {
			return nil, err
		}
		if !compose.MayReuse(m.c, other, false) {
			continue
		}
		m.answer.Leader = id
		if other.State == compose.Generating {
			return m.say(event.ComposeFollows)
		}
		if other.Expires.After(m.answer.Until) {
			m.answer.Until = other.Expires
		}
		dir, err := m.desk.Contents.Join(ctx, other.Content, compose.HolderOf(m.c.ID), m.answer.Until)
		if err != nil {
			return nil, err
		}
		if dir != 0 {
			m.answer.Dir = dir
			return m.say(event.ComposeMade)
		}
		m.answer.Leader = 0
	}
	return nil, nil
}

// write makes the directory, and enters it last of all.
func (m *making) write(ctx context.Context) (int64, error) {
	for _, name := range files() {
		if _, err := m.bucket.Put(ctx, fileOf(m.c.ID, name), []byte(m.plan.content), blob.Any); err != nil {
			return 0, err
		}
	}
	return m.desk.Contents.Enter(ctx, m.plan.content, m.c.ID, m.answer.Until)
}
