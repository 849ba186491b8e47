package composeapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

// repeatsMost is how many composes of one request may have failed in a row
// before the next asking is no repetition any more.
const repeatsMost = 16

// post answers POST /api/1/composes/.
func (a api) post(ctx context.Context, c call) (answer, error) {
	who, raw, err := a.asks(c, "new-compose")
	if err != nil {
		return answer{}, err
	}
	order, err := a.Defaults.Parse(raw)
	if err != nil {
		return answer{}, err
	}
	may := attributes(order.Request, order.Seconds)
	if err := a.Policy.Check(who, may); err != nil {
		return answer{}, err
	}
	order.Request.Lifetime = a.lifetime(who, may, order.Request.Lifetime)
	if err := a.keepRPMs(ctx, order); err != nil {
		return answer{}, err
	}
	canonical, _ := json.Marshal(order.Request) // strings and numbers
	w := wish{
		who: who, may: may, asked: compose.Asked{Owner: who.Name, Request: order.Request},
		named: c.Header.Get("Idempotency-Key") != "", fixed: fixed(order.Request),
		key: digest("post", who.Name, c.Header.Get("Idempotency-Key"), string(canonical)),
	}
	return a.open(ctx, w)
}

// wish is a compose that somebody wants to be made.
type wish struct {
	who   permit.Caller
	may   permit.Attributes
	asked compose.Asked
	// key is the same for repetitions of the same request.
	key string
	// named tells that the caller has named his request, fixed that its content
	// is the same whenever it is made.
	named, fixed bool
}

// open gives the compose of a wish: that of the first asking, or a new one.
func (a api) open(ctx context.Context, w wish) (answer, error) {
	id, known, err := a.number(ctx, w)
	if err != nil {
		return answer{}, fmt.Errorf("open a compose: %w", err)
	}
	if !known {
		if err := a.place(ctx, w, id); err != nil {
			return answer{}, err
		}
	}
	is, drafts, err := a.Desk.Open(ctx, id, w.asked, a.event())
	if err != nil {
		return answer{}, fmt.Errorf("open compose %d: %w", id, err)
	}
	given := shown(odcs.Show(is, a.URLs))
	given.drafts = drafts
	return given, nil
}

// number gives the number of the compose, and whether it is there already. Of
// composes that came to nothing, the asking after is another.
func (a api) number(ctx context.Context, w wish) (id int64, known bool, err error) {
	key := w.key
	for range repeatsMost {
		if id, known, err = a.IDs.Once(ctx, key, a.Retry); err != nil || !known {
			return id, false, err
		}
		is, err := a.Desk.Read(ctx, id)
		switch {
		case errors.Is(err, blob.ErrNotFound):
			return id, false, nil // whoever asked first did not get that far
		case err != nil:
			return 0, false, err
		case a.repeats(w, is):
			return id, true, nil
		}
		key = digest(key, strconv.FormatInt(id, 10))
	}
	id, err = a.IDs.Next(ctx)
	return id, false, err
}

// repeats tells whether a compose is what a repeated request wants.
//
// A client that lost our answer asks again, and must not get a second compose.
// But one who asks again because a build was tagged in between must not get the
// first. While nothing was begun both want the same. After that only time tells
// them apart, unless the content cannot change.
func (a api) repeats(w wish, is compose.Compose) bool {
	switch {
	case is.State == compose.Failed || is.State == compose.Removed || is.Removing:
		return false
	case is.State == compose.Done && !is.Expires.After(a.Now()):
		return false // an admin asked to remove it, or its time is over: its files go any minute
	case w.named || w.fixed || is.State == compose.Wait:
		return true
	}
	return a.Now().Sub(is.Submitted) < a.Settled
}

// fixed tells that what is asked for is the same whenever it is made.
func fixed(r compose.Request) bool {
	return r.Event != 0 || r.SourceType == compose.Build || r.SourceType == compose.Locked
}

// place refuses who has enough. Only where there are quotas the bucket is asked.
func (a api) place(ctx context.Context, w wish, id int64) error {
	if !limits(a.Policy) {
		return nil
	}
	now := a.Now()
	return a.List.Take(ctx, a.Store, index.Place{
		Owner: w.who.Name, ID: id, Now: now, Nonce: a.Nonce(), Expires: now.Add(time.Duration(w.asked.Request.Lifetime) * time.Second),
		May: func(has index.Owned) error { return a.Policy.CheckQuota(w.who, w.may, permit.Usage(has), now) },
	})
}

// limits tells whether anybody has a quota.
func limits(p permit.Policy) bool {
	none := permit.Quota{}
	if p.Default.Quota != none {
		return true
	}
	for _, clients := range []map[string]permit.Allowed{p.Clients.Users, p.Clients.Groups} {
		for _, allowed := range clients {
			if allowed.Quota != none {
				return true
			}
		}
	}
	return false
}

// lifetime is how long a compose is to live, in seconds. What a configuration of
// type raw_config says of it goes before what the caller may have.
func (a api) lifetime(who permit.Caller, may permit.Attributes, parsed int64) int64 {
	if own := a.Defaults.RawConfigs[may.RawConfigKey]; own.Seconds != 0 || own.SecondsMost != 0 {
		return parsed
	}
	return int64(a.Policy.Lifetime(who, may) / time.Second)
}

// attributes are what of a request is a matter of permission.
func attributes(r compose.Request, seconds int64) permit.Attributes {
	may := permit.Attributes{
		SourceType: odcs.TypeName(r.SourceType), Sources: r.Source, Results: odcs.ResultNames(r.Results), Flags: odcs.FlagNames(r.Flags),
		Arches: r.Arches, ComposeType: r.ComposeType, TargetDir: r.TargetDir, SecondsToLive: int(seconds),
	}
	if r.SourceType == compose.RawConfig {
		may.RawConfigKey, _, _ = strings.Cut(strings.Join(r.Source, " "), "#")
	}
	return may
}

// keepRPMs keeps a list of RPMs that came with a request, before anything names
// it. Its key is its digest, so what is there already is the same.
func (a api) keepRPMs(ctx context.Context, order odcs.Order) error {
	if len(order.RPMs) == 0 {
		return nil
	}
	key, _ := odcs.RPMListKey(order.Request.Source[0])
	_, err := a.Store.Put(ctx, key, odcs.RPMList(order.RPMs), blob.Absent, blob.Type("text/plain; charset=utf-8"))
	if err != nil && !errors.Is(err, blob.ErrConflict) {
		return fmt.Errorf("keep the list of RPMs: %w", err)
	}
	return nil
}

// digest is a part of a key that stands for some texts.
func digest(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		_, _ = fmt.Fprintf(sum, "%d:%s,", len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:20])
}
