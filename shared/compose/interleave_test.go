package compose_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/state/statetest"
)

// schedule plays orders in which some runs can take their steps.
type schedule struct{ statetest.Orders }

// run is one of those that are played against each other.
type run struct {
	resume, stopped chan struct{}
	done            bool
}

// play lets runs take their steps in the order of s.
func (s *schedule) play(works []func(ctx context.Context)) {
	var live []*run
	for _, work := range works {
		r := &run{resume: make(chan struct{}), stopped: make(chan struct{})}
		go func() {
			<-r.resume
			work(context.WithValue(context.Background(), runKey{}, r))
			r.done = true
			r.stopped <- struct{}{}
		}()
		live = append(live, r)
	}
	for len(live) > 0 {
		r := live[s.Choose(len(live))]
		r.resume <- struct{}{}
		<-r.stopped
		live = slices.DeleteFunc(live, func(r *run) bool { return r.done })
	}
}

type runKey struct{}

// stepped is a store in which each request is a step, and the answers to some
// writes get lost.
type stepped struct {
	*mem.Store
	s     *schedule
	loses int // how many answers may still get lost
}

func (s *stepped) step(ctx context.Context) {
	if r, ok := ctx.Value(runKey{}).(*run); ok {
		r.stopped <- struct{}{}
		<-r.resume
	}
}

func (s *stepped) Get(ctx context.Context, key string) (blob.Object, error) {
	s.step(ctx)
	return s.Store.Get(ctx, key)
}

func (s *stepped) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	s.step(ctx)
	tag, err := s.Store.Put(ctx, key, body, cond, opts...)
	if err == nil && s.loses > 0 && s.s.Choose(2) == 1 {
		s.loses--
		return "", errNoAnswer
	}
	return tag, err
}

func (s *stepped) Delete(ctx context.Context, key string) error {
	s.step(ctx)
	return s.Store.Delete(ctx, key)
}

func (s *stepped) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	s.step(ctx)
	return s.Store.List(ctx, prefix, after, limit)
}

var errNoAnswer = errors.New("the answer was lost")

// shelf is a bucket with one content that composes make, share and leave.
type shelf struct {
	t      *testing.T
	store  *stepped
	now    time.Time
	nonces int
	compose.Contents
	// dirs is where those composes find the content that hold it.
	dirs map[int64]int64
}

const digest = "c0ffee"

func newShelf(t *testing.T, s *schedule, loses int) *shelf {
	sh := &shelf{t: t, store: &stepped{Store: mem.New(), s: s, loses: loses}, dirs: map[int64]int64{}}
	sh.now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	sh.Contents = compose.NewContents(state.Bucket{Store: sh.store, Now: func() time.Time { return sh.now }, Nonce: sh.nonce, Rest: sh.rest})
	return sh
}

func (sh *shelf) nonce() string { sh.nonces++; return fmt.Sprint("n", sh.nonces) }

func (sh *shelf) rest(context.Context, int) error { return nil }

// make does what compose-make does for a compose: it joins what is there, or
// writes its own directory and enters that.
func (sh *shelf) make(ctx context.Context, id int64, until time.Time) {
	sh.makeOrJoin(ctx, id, until, true)
}

func (sh *shelf) makeOrJoin(ctx context.Context, id int64, until time.Time, join bool) {
	sh.again(func() (err error) {
		dir := int64(0)
		if join {
			dir, err = sh.Join(ctx, digest, compose.HolderOf(id), until)
		}
		if err == nil && dir == 0 {
			for _, name := range []string{"repomd.xml", "STATUS"} {
				if _, err := sh.store.Put(ctx, fmt.Sprintf("composes/odcs-%d/%s", id, name), nil, blob.Any); err != nil {
					return err
				}
			}
			dir, err = sh.Enter(ctx, digest, id, until)
		}
		if err == nil {
			sh.dirs[id] = dir
		}
		return err
	})
}

// expire does what compose-expire does.
func (sh *shelf) expire(ctx context.Context, id int64) {
	sh.again(func() error {
		delete(sh.dirs, id)
		held, err := sh.Close(ctx, compose.HolderOf(id))
		if err != nil {
			return err
		}
		needed := false
		for _, digest := range held {
			begun, err := sh.BeginRemoval(ctx, digest, compose.HolderOf(id))
			if err != nil {
				return err
			}
			needed = needed || begun.Dir == id
			for _, dir := range begun.Dirs {
				if err := sh.clear(ctx, dir); err != nil {
					return err
				}
				if err := sh.Finish(ctx, digest, dir); err != nil {
					return err
				}
			}
		}
		if needed {
			return nil
		}
		return sh.clear(ctx, id)
	})
}

func (sh *shelf) clear(ctx context.Context, dir int64) error {
	page, err := sh.store.List(ctx, fmt.Sprintf("composes/odcs-%d/", dir), "", 0)
	if err != nil {
		return err
	}
	for _, info := range page {
		if err := sh.store.Delete(ctx, info.Key); err != nil {
			return err
		}
	}
	return nil
}

// again does something until it is done, as a broker does, or too late.
func (sh *shelf) again(do func() error) {
	for range 5 {
		err := do()
		if err == nil || errors.Is(err, compose.ErrOver) {
			return
		}
		if !errors.Is(err, errNoAnswer) {
			sh.t.Errorf("%v", err)
		}
	}
	sh.t.Error("it is not done after five times")
}

// check: whoever holds the content finds its files, and there are no others.
func (sh *shelf) check() error {
	page, err := sh.store.Store.List(context.Background(), "composes/", "", 0)
	if err != nil {
		return err
	}
	files := map[string]int{}
	for _, info := range page {
		files[strings.Split(info.Key, "/")[1]]++
	}
	needed := map[string]bool{}
	for id, dir := range sh.dirs {
		where := fmt.Sprintf("odcs-%d", dir)
		if files[where] != 2 {
			return fmt.Errorf("compose %d finds %d files in %s", id, files[where], where)
		}
		needed[where] = true
	}
	for where := range files {
		// A directory of one that lives and lost the race to be the first goes
		// when its compose does.
		id := int64(0)
		_, _ = fmt.Sscanf(where, "odcs-%d", &id)
		if _, lives := sh.dirs[id]; !needed[where] && !lives {
			return fmt.Errorf("%s is kept, and nobody holds it", where)
		}
	}
	return nil
}

// TestNobodyLosesWhatIsHeld plays composes against each other that come to the
// same content, renew it and let go of it, in every order of their requests, or
// as many as are drawn where there are too many, with an answer that gets lost.
func TestNobodyLosesWhatIsHeld(t *testing.T) {
	past, future := -time.Hour, time.Hour
	tests := []struct {
		name  string
		loses int
		drawn int // 0: every order
		// before are the composes that hold the content, and for how long.
		before map[int64]time.Duration
		// late tells that what was made for compose 1 when it was over is removed
		// in the end: its document asks for that.
		late bool
		runs func(sh *shelf) []func(context.Context)
	}{
		{
			name: "reused at the last moment", drawn: 2000, loses: 1, before: map[int64]time.Duration{1: past},
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.expires(1), sh.makes(2, future)}
			},
		},
		{
			name: "reused at the last moment by two", drawn: 2000, loses: 1, before: map[int64]time.Duration{1: past},
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.expires(1), sh.makes(2, future), sh.makes(3, future)}
			},
		},
		{
			name: "renewed at the last moment", loses: 1, before: map[int64]time.Duration{1: past, 2: past},
			runs: func(sh *shelf) []func(context.Context) { return []func(context.Context){sh.expires(1), sh.renews(2)} },
		},
		{
			name: "two let go at once", loses: 0, before: map[int64]time.Duration{1: past, 2: past}, drawn: 2000,
			runs: func(sh *shelf) []func(context.Context) { return []func(context.Context){sh.expires(1), sh.expires(2)} },
		},
		{
			name: "one lets go while another lives on", loses: 1, before: map[int64]time.Duration{1: past, 2: future},
			runs: func(sh *shelf) []func(context.Context) { return []func(context.Context){sh.expires(1)} },
		},
		{
			name: "two make the same", loses: 1, drawn: 2000,
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.makes(1, future), sh.makes(2, future)}
			},
		},
		{
			name: "three make the same while the last lets go", loses: 1, drawn: 2000, before: map[int64]time.Duration{1: past, 2: past},
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.expires(1), sh.expires(2), sh.makes(3, future), sh.makes(4, future)}
			},
		},
		{
			name: "an order that comes twice, and once too late", loses: 1, drawn: 3000, late: true,
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.comesAndGoes(1), sh.makes(1, past)}
			},
		},
		{
			name: "a run that comes too late takes nobody in", loses: 1, drawn: 3000, late: true,
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.comesAndGoes(1), sh.makes(1, past), sh.makes(3, future)}
			},
		},
		{
			name: "nor one whose directory another lets go of", loses: 1, drawn: 3000, late: true, before: map[int64]time.Duration{1: past, 2: past},
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.expires(2), sh.remakes(1), sh.makes(3, future)}
			},
		},
		{
			name: "nor does one that comes too late and is the first", loses: 1, drawn: 3000, late: true,
			runs: func(sh *shelf) []func(context.Context) {
				return []func(context.Context){sh.expires(1), sh.makes(1, future), sh.makes(3, future)}
			},
		},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &schedule{}
			if tt.drawn > 0 {
				s.Rand = rand.New(rand.NewPCG(uint64(n), 1))
			}
			plays := 0
			for {
				sh := newShelf(t, s, 0)
				for _, id := range []int64{1, 2} {
					if d, holds := tt.before[id]; holds {
						sh.make(context.Background(), id, sh.now.Add(d))
					}
				}
				sh.store.loses = tt.loses
				runs := tt.runs(sh)
				s.play(runs)
				if tt.late {
					sh.store.loses = 0
					sh.expire(context.Background(), 1)
				}
				if err := sh.check(); err != nil || t.Failed() {
					is, _ := sh.Look(context.Background(), digest)
					t.Fatalf("play %d %v: %v\n%+v, %v", plays, s.Choices(), err, is, sh.dirs)
				}
				plays++
				if !s.Next() || plays == tt.drawn {
					break
				}
			}
			t.Logf("%d orders", plays)
		})
	}
}

func (sh *shelf) expires(id int64) func(context.Context) {
	return func(ctx context.Context) { sh.expire(ctx, id) }
}

func (sh *shelf) makes(id int64, life time.Duration) func(context.Context) {
	return func(ctx context.Context) { sh.make(ctx, id, sh.now.Add(life)) }
}

// remakes is a second run for a compose that is made already, and over by now.
func (sh *shelf) remakes(id int64) func(context.Context) {
	return func(ctx context.Context) { sh.makeOrJoin(ctx, id, sh.now.Add(-time.Hour), false) }
}

func (sh *shelf) comesAndGoes(id int64) func(context.Context) {
	return func(ctx context.Context) {
		sh.make(ctx, id, sh.now.Add(-time.Hour))
		sh.expire(ctx, id)
	}
}

// renews lets a compose that holds the content live on. If it is told that it
// is too late, it does not.
func (sh *shelf) renews(id int64) func(context.Context) {
	return func(ctx context.Context) {
		sh.again(func() error {
			err := sh.Extend(ctx, digest, compose.HolderOf(id), sh.now.Add(time.Hour))
			if errors.Is(err, compose.ErrOver) {
				delete(sh.dirs, id)
			}
			return err
		})
	}
}
