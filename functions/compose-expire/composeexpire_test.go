package composeexpire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	clocktick "github.com/distaff-project/distaff/functions/clock-tick"
	composeexpire "github.com/distaff-project/distaff/functions/compose-expire"
	oncomposedue "github.com/distaff-project/distaff/functions/on-compose-due"
	oncomposemade "github.com/distaff-project/distaff/functions/on-compose-made"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// shop is a bucket of composes and the functions that end them.
type shop struct {
	t       testing.TB
	mem     *mem.Store
	counted *blob.Counted
	now     time.Time
	desk    compose.Desk
	all     []fn.Function
	deleted []string
	broken  bool
	said    []string
	events  int
}

func newShop(t testing.TB) *shop {
	s := &shop{t: t, mem: mem.New(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s.counted = blob.Count(s.mem)
	bucket := state.New(s)
	bucket.Now = func() time.Time { return s.now }
	bucket.Rest = func(context.Context, int) error { return nil }
	s.desk = compose.NewDesk(bucket, compose.Rules{}, nil)
	s.all = []fn.Function{
		clocktick.New(bucket, s), oncomposedue.New(s.desk, rule.NewDesk(bucket, nil, "")),
		composeexpire.New(s.desk, s), oncomposemade.New(s.desk),
	}
	return s
}

func (s *shop) Get(ctx context.Context, key string) (blob.Object, error) {
	return s.counted.Get(ctx, key)
}

func (s *shop) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	return s.counted.Put(ctx, key, body, cond, opts...)
}

func (s *shop) Delete(ctx context.Context, key string) error {
	if s.broken && strings.HasPrefix(key, "composes/") {
		return errors.New("503 Slow Down")
	}
	if strings.HasPrefix(key, "composes/") {
		s.deleted = append(s.deleted, key)
	}
	return s.counted.Delete(ctx, key)
}

func (s *shop) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	return s.counted.List(ctx, prefix, after, limit)
}

// made is a compose that is done, with its files.
func (s *shop) made(id int64, content string, life time.Duration, names ...string) compose.Compose {
	s.t.Helper()
	ctx := context.Background()
	for _, name := range names {
		if _, err := s.mem.Put(ctx, fmt.Sprintf("composes/odcs-%d/%s", id, name), nil, blob.Any); err != nil {
			s.t.Fatal(err)
		}
	}
	until := s.now.Add(life)
	dir, err := s.desk.Contents.Enter(ctx, content, id, until)
	if err != nil {
		s.t.Fatal(err)
	}
	request := compose.Request{SourceType: compose.Tag, Lifetime: int64(life / time.Second)}
	_, _, err = s.desk.Open(ctx, id, compose.Asked{Owner: "releng", Request: request}, compose.Call("test", s.now, fmt.Sprint("open", id)))
	if err != nil {
		s.t.Fatal(err)
	}
	c, _, err := s.desk.Decide(ctx, id, compose.Call("test", s.now, fmt.Sprint("made", id)), compose.Answer{
		Kind: event.ComposeMade.Name(), ComposeAnswer: event.ComposeAnswer{
			ComposeID: event.ComposeID{ID: id}, Label: fmt.Sprintf("compose/%d/make", id), At: s.now, Content: content, Dir: dir, Until: until,
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// settle lets half an hour pass, in which the clock finds that the makings of
// composes need no look.
func (s *shop) settle() {
	s.t.Helper()
	s.now = s.now.Add(30 * time.Minute)
	s.tick()
	s.said = nil
}

// tick lets the clock tick, and all happen that follows.
func (s *shop) tick() {
	s.t.Helper()
	s.events++
	d := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	d.ID = fmt.Sprint("tick-", s.events)
	s.deliver(fn.Sent("timer", d, s.now))
}

func (s *shop) deliver(e event.Event) {
	s.t.Helper()
	for _, f := range s.all {
		if !slices.ContainsFunc(f.Hears, func(r fn.Route) bool { return r.Type == e.Type() }) {
			continue
		}
		drafts, err := f.Hear(context.Background(), e)
		if err != nil {
			s.said = append(s.said, "! "+err.Error())
			continue
		}
		for _, d := range drafts {
			s.said = append(s.said, strings.TrimPrefix(d.Type, "distaff.compose.")+" "+d.Subject)
			s.deliver(f.Event(d, s.now))
		}
	}
}

func (s *shop) files(prefix string) []string {
	s.t.Helper()
	page, err := s.mem.List(context.Background(), prefix, "", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, info := range page {
		names = append(names, strings.TrimPrefix(info.Key, "composes/"))
	}
	return names
}

func (s *shop) state(id int64) compose.State {
	s.t.Helper()
	c, err := s.desk.Read(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.State
}

func usual() []string {
	return []string{
		"COMPOSE_ID", "STATUS", "compose/Temporary/odcs-1.repo", "compose/Temporary/x86_64/os/repodata/a-primary.xml.zst",
		"compose/Temporary/x86_64/os/repodata/repomd.xml", "compose/metadata/rpms.json",
	}
}

func TestACompose(t *testing.T) {
	s := newShop(t)
	s.made(1, "c", time.Hour, usual()...)
	s.made(12, "d", 3*time.Hour, "STATUS") // whose number begins the same
	s.settle()
	s.now = s.now.Add(29 * time.Minute)
	s.tick()
	if len(s.said) > 0 {
		t.Errorf("before its time: %v", s.said)
	}
	s.now = s.now.Add(time.Minute)
	s.tick()
	if diff := cmp.Diff([]string{"time-passed 1", "expire-wanted 1", "removed 1", "state-changed 1"}, s.said); diff != "" {
		t.Error(diff)
	}
	want := []string{
		"composes/odcs-1/STATUS", "composes/odcs-1/compose/Temporary/x86_64/os/repodata/repomd.xml", "composes/odcs-1/compose/Temporary/odcs-1.repo",
	}
	if len(s.deleted) != 6 || !cmp.Equal(want, s.deleted[:3]) {
		t.Errorf("removed in this order:\n%s", strings.Join(s.deleted, "\n"))
	}
	if diff := cmp.Diff([]string{"odcs-12/STATUS"}, s.files("composes/")); diff != "" || s.state(1) != compose.Removed {
		t.Errorf("compose 1 is %s:\n%s", s.state(1), diff)
	}
	if left := s.files(state.DuePrefix); len(left) != 1 {
		t.Errorf("due are %v", left)
	}
}

func TestFilesThatAnotherNeedsStay(t *testing.T) {
	s := newShop(t)
	s.made(1, "c", time.Hour, usual()...)
	s.made(2, "c", 5*time.Hour)
	s.now = s.now.Add(time.Hour)
	s.tick()
	if s.state(1) != compose.Removed || len(s.files("composes/odcs-1/")) != 6 {
		t.Errorf("compose 1 is %s with %v", s.state(1), s.files("composes/"))
	}
	s.now = s.now.Add(4 * time.Hour)
	s.tick()
	if s.state(2) != compose.Removed || len(s.files("composes/")) != 0 {
		t.Errorf("compose 2 is %s with %v", s.state(2), s.files("composes/"))
	}
	s.now = s.now.Add(time.Hour)
	s.tick() // the first looks what was left behind
	if left := s.files(state.DuePrefix); len(left) > 0 {
		t.Errorf("due are %v", left)
	}
}

func TestFilesGoWithTheirComposeIfTheOtherIsNeverHeardOfAgain(t *testing.T) {
	s := newShop(t)
	s.made(1, "c", time.Hour, usual()...)
	if _, err := s.desk.Contents.Join(t.Context(), "c", "latest-f45", s.now.Add(30*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		s.now = s.now.Add(time.Hour)
		s.tick()
	}
	if left := append(s.files("composes/"), s.files(state.DuePrefix)...); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestALargeDirectoryGoesByAndBy(t *testing.T) {
	s := newShop(t)
	var names []string
	for n := range 2500 {
		names = append(names, fmt.Sprintf("compose/%04d", n))
	}
	s.made(1, "c", time.Hour, append(names, "compose/zz/repomd.xml", "zz.repo")...)
	s.now = s.now.Add(time.Hour)
	s.tick()
	progressed := 0
	for _, text := range s.said {
		if text == "progressed 1" {
			progressed++
		}
	}
	if progressed != 8 || s.state(1) != compose.Removed || len(s.files("composes/")) > 0 {
		t.Errorf("after %d events it is %s with %d files", progressed, s.state(1), len(s.files("composes/")))
	}
	if want := []string{"composes/odcs-1/compose/zz/repomd.xml", "composes/odcs-1/zz.repo"}; !cmp.Equal(want, s.deleted[:2]) {
		t.Errorf("removed first are %v", s.deleted[:2])
	}
}

func TestABucketThatIsDownIsAskedAgain(t *testing.T) {
	s := newShop(t)
	s.made(1, "c", time.Hour, usual()...)
	s.now, s.broken = s.now.Add(time.Hour), true
	s.tick()
	if s.state(1) != compose.Done || !strings.Contains(strings.Join(s.said, " "), "remove compose 1: remove composes/odcs-1/STATUS: 503") {
		t.Errorf("it is %s: %v", s.state(1), s.said)
	}
	s.now, s.broken = s.now.Add(10*time.Minute), false
	s.tick()
	if s.state(1) != compose.Removed || len(s.files("composes/")) > 0 {
		t.Errorf("it is %s with %v", s.state(1), s.files("composes/"))
	}
}

func TestOnlyWhatWasDecidedOnIsRemoved(t *testing.T) {
	s := newShop(t)
	c := s.made(1, "c", time.Hour, usual()...)
	for name, order := range map[string]event.ComposeOrder{
		"an order nobody gave":  {ComposeID: c.ComposeID, Label: "compose/1/expire"},
		"one for another thing": {ComposeID: c.ComposeID, Label: "compose/1/make"},
		"one for no compose":    {ComposeID: event.ComposeID{ID: 9}, Label: "compose/9/expire"},
	} {
		d := event.ComposeExpireWanted.Say(order)
		d.ID = name
		drafts, err := s.all[2].Hear(t.Context(), fn.Sent("x", d, s.now))
		if err != nil || len(drafts) > 0 || len(s.deleted) > 0 {
			t.Errorf("%s: %v, %v", name, drafts, err)
		}
	}
}

// TestTheCostOfExpiryIsThatOfWhatIsDue counts requests with 100,000 composes in
// the bucket of which 10 are due.
func TestTheCostOfExpiryIsThatOfWhatIsDue(t *testing.T) {
	cost := func(others int) blob.Usage {
		s := newShop(t)
		for id := range int64(10) {
			s.made(id+1, fmt.Sprint("c", id), time.Hour, usual()...)
		}
		s.crowd(100, others)
		s.settle()
		before := s.counted.Usage()
		s.now = s.now.Add(30 * time.Minute)
		s.tick()
		for id := range int64(10) {
			if s.state(id+1) != compose.Removed {
				t.Errorf("compose %d is %s", id+1, s.state(id+1))
			}
		}
		return s.counted.Usage().Sub(before)
	}
	few, many := cost(1), cost(100_000)
	few.Out, many.Out = 0, 0 // of one listing, 1,000 keys
	if diff := cmp.Diff(few, many); diff != "" {
		t.Errorf("among many others:\n%s", diff)
	}
	t.Logf("10 composes of 6 files among 100,000: %d GET, %d PUT, %d LIST, %d DELETE: $%.6f", many.Gets, many.Puts, many.Lists, many.Deletes, many.Cost())
}

// crowd puts composes into the bucket that live for long.
func (s *shop) crowd(from int64, n int) {
	s.t.Helper()
	like := s.made(from, "like", 50*time.Hour, "STATUS")
	ctx := context.Background()
	objects := map[string][]byte{}
	raw, err := json.Marshal(like)
	if err != nil {
		s.t.Fatal(err)
	}
	for id := from + 1; id <= from+int64(n); id++ {
		text := fmt.Sprint(id)
		objects[compose.DocumentPrefix+text+".json"] = raw // all but its number
		objects[state.Entry{At: s.now.Add(50 * time.Hour), System: compose.Self, Document: text}.Key()] = nil
		objects["composes/odcs-"+text+"/STATUS"] = nil
	}
	// In order, or a sorted slice of keys is moved for each.
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if _, err := s.mem.Put(ctx, key, objects[key], blob.Any); err != nil {
			s.t.Fatal(err)
		}
	}
}
