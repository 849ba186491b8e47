package composesim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// call is what a client asks of the API. The same call may come several times:
// clients repeat what failed.
type call struct {
	Verb string `json:"verb"`
	// Key names a POST, and the asking of a rule.
	Key     string          `json:"key,omitempty"`
	ID      int64           `json:"id,omitempty"`
	Request compose.Request `json:"request"`
	Seconds int64           `json:"seconds,omitempty"`
}

// Subject and Attributes make it data of an event: here a call comes by the
// same ways as all the rest.
func (c call) Subject() string               { return c.Key }
func (c call) Attributes() map[string]string { return nil }

const called event.Kind[call] = "sim.call"

// api does what compose-api does, as far as documents are concerned.
func (w *World) api() fn.Function {
	return fn.Function{
		Name: "compose-api", Says: compose.Says(),
		Hears: []fn.Route{fn.On(called, w.answer)},
	}
}

func (w *World) answer(ctx context.Context, in fn.In[call]) ([]event.Draft, error) {
	c := in.Data
	e := compose.Call("compose-api", w.now, w.bucket.Nonce())
	switch c.Verb {
	case "POST":
		return w.post(ctx, c, 0, e)
	case "PATCH":
		return w.patch(ctx, c, e)
	case "HOLD":
		_, err := w.desk.Contents.Join(ctx, c.Key, "latest", w.now.Add(2*time.Hour))
		return nil, err
	}
	doc, err := w.desk.Read(ctx, c.ID)
	if err != nil {
		return nil, forgiving(err)
	}
	var news any = compose.RemovalAsked{By: "admin"}
	if doc.State == compose.Wait || doc.State == compose.Generating {
		news = compose.Cancelled{By: "jdoe"}
	}
	_, drafts, err := w.desk.Decide(ctx, c.ID, e, news)
	return drafts, err
}

func (w *World) post(ctx context.Context, c call, from int64, e event.Event) ([]event.Draft, error) {
	id, _, err := w.desk.IDs.Once(ctx, c.Key, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	_, drafts, err := w.desk.Open(ctx, id, compose.Asked{Owner: "jdoe", Request: c.Request, From: from, Why: c.Key}, e)
	if err == nil {
		w.answered = append(w.answered, answered{c.Key, id})
	}
	return drafts, err
}

func (w *World) patch(ctx context.Context, c call, e event.Event) ([]event.Draft, error) {
	doc, err := w.desk.Read(ctx, c.ID)
	if err != nil {
		return nil, forgiving(err)
	}
	if doc.State == compose.Done {
		until := w.now.Add(w.desk.Rules.Life(c.Seconds))
		after, drafts, err := w.desk.Extend(ctx, c.ID, until, "jdoe", e)
		if err == nil && after.Expires.Before(until) {
			w.broken = fmt.Errorf("compose %d was renewed until %s, and lives until %s", c.ID, until, after.Expires)
		}
		if !errors.Is(err, compose.ErrOver) {
			return drafts, err
		}
	} else if doc.State != compose.Failed && doc.State != compose.Removed {
		return nil, nil // 404
	}
	c.Request = doc.Request
	return w.post(ctx, c, c.ID, e)
}

// forgiving makes an answer of what is not there: 404.
func forgiving(err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// answered is a number that was given for a key.
type answered struct {
	key string
	id  int64
}

// act is something people do at a moment.
type act struct {
	at time.Time
	do func()
}

// people draws what people do, and rules.
func (w *World) people() {
	lives := []int64{1, 60, 3600, 7200}
	contents := []string{"aa", "bb"}[:1+w.rng.IntN(2)]
	if w.rng.IntN(4) == 0 {
		// Something holds a content that is never heard of again.
		w.plan(w.now.Add(time.Duration(w.rng.IntN(7300))*time.Second), func() { w.call(call{Verb: "HOLD", Key: contents[0]}) })
	}
	for n := range 1 + w.rng.IntN(5) {
		at := w.now
		if w.rng.IntN(2) == 0 {
			at = at.Add(time.Duration(w.rng.IntN(7300)) * time.Second)
		}
		p := plan{content: contents[w.rng.IntN(len(contents))], parts: max(0, w.rng.IntN(5)-2), fails: w.rng.IntN(8) == 0}
		r := compose.Request{SourceType: compose.Tag, Source: p.source(), Lifetime: lives[w.rng.IntN(len(lives))]}
		key := fmt.Sprint("key-", n)
		if w.rng.IntN(4) == 0 {
			w.plan(at, func() { w.rule(key, r) })
			continue
		}
		w.plan(at, func() { w.call(call{Verb: "POST", Key: key, Request: r}) })
		if w.rng.IntN(4) == 0 {
			w.plan(at, func() { w.call(call{Verb: "POST", Key: key, Request: r}) })
		}
		w.change(at, r.Lifetime, n)
	}
}

// change draws what is done with a compose, most of all when its time is about
// to be over.
func (w *World) change(posted time.Time, life int64, n int) {
	for m := range w.rng.IntN(3) {
		at := posted.Add(time.Duration(w.rng.IntN(300)) * time.Second)
		if w.rng.IntN(2) == 0 {
			at = posted.Add(time.Duration(life)*time.Second + []time.Duration{0, 0, 0, time.Second, time.Minute, -time.Second}[w.rng.IntN(6)])
		}
		c := call{Verb: []string{"PATCH", "PATCH", "DELETE"}[w.rng.IntN(3)], Key: fmt.Sprintf("patch-%d-%d", n, m), ID: int64(1 + w.rng.IntN(n+2)), Seconds: 3600}
		w.plan(at, func() { w.call(c) })
	}
}

func (w *World) plan(at time.Time, do func()) { w.user = append(w.user, act{at, do}) }

func (w *World) call(c call) {
	w.said++
	d := called.Say(c)
	d.ID = fmt.Sprint("call-", w.said)
	w.queue = append(w.queue, &delivery{event: fn.Sent("client", d, w.now), function: w.functions[0]})
}

// rule lets a rule want a compose; it says so twice.
func (w *World) rule(key string, r compose.Request) {
	raw := []byte(fmt.Sprintf(`{"source":%q,"life":%d}`, r.Source[0]+" "+r.Source[1]+" "+r.Source[2], r.Lifetime))
	for range 1 + w.rng.IntN(2) {
		w.said++
		d := event.ComposeWanted.Say(event.ComposeRequest{Rule: "fixes", Label: key, Request: raw, Why: key})
		d.ID = fmt.Sprint("wanted-", w.said)
		w.publish(fn.Sent("on-rule-answered", d, w.now))
	}
}
