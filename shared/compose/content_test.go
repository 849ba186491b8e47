package compose_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
)

func quietShelf(t *testing.T) *shelf { return newShelf(t, &schedule{}, 0) }

func TestAHolderThatNeverLeftKeepsNothingForEver(t *testing.T) {
	ctx := context.Background()
	sh := quietShelf(t)
	sh.make(ctx, 1, sh.now.Add(time.Hour))
	sh.make(ctx, 2, sh.now.Add(3*time.Hour)) // and is never heard of again
	if got := sh.dirs[2]; got != 1 {
		t.Fatalf("the second shares the directory of %d", got)
	}
	sh.now = sh.now.Add(2 * time.Hour)
	begun, err := sh.BeginRemoval(ctx, digest, "1")
	want := compose.Removal{Dir: 1, Until: sh.now.Add(time.Hour + 5*time.Minute)}
	if diff := cmp.Diff(want, begun); diff != "" || err != nil {
		t.Fatalf("while another holds it: %v\n%s", err, diff)
	}
	sh.now = begun.Until
	begun, err = sh.BeginRemoval(ctx, digest, "1")
	if diff := cmp.Diff(compose.Removal{Dirs: []int64{1}}, begun); diff != "" || err != nil {
		t.Fatalf("when its time is over: %v\n%s", err, diff)
	}
	if err := sh.Finish(ctx, digest, 1); err != nil {
		t.Fatal(err)
	}
	is, err := sh.Look(ctx, digest)
	if err != nil || is.Dir != 0 || len(is.Old) > 0 || is.Generation != 1 {
		t.Errorf("in the end it is %+v, %v", is, err)
	}
}

func TestWhatIsBeingRemovedIsMadeAnew(t *testing.T) {
	ctx := context.Background()
	sh := quietShelf(t)
	sh.make(ctx, 1, sh.now.Add(-time.Hour))
	if _, err := sh.BeginRemoval(ctx, digest, "1"); err != nil {
		t.Fatal(err)
	}
	sh.make(ctx, 2, sh.now.Add(time.Hour))
	is, err := sh.Look(ctx, digest)
	if err != nil || is.Dir != 2 || is.Generation != 2 || !cmp.Equal(is.Old, []int64{1}) {
		t.Fatalf("it is %+v, %v", is, err)
	}
	// Another finds what is left of the first to do, also when it is not over.
	sh.make(ctx, 3, sh.now.Add(time.Hour))
	begun, err := sh.BeginRemoval(ctx, digest, "3")
	if err != nil || begun.Dir != 2 || !cmp.Equal(begun.Dirs, []int64{1}) {
		t.Errorf("begun is %+v, %v", begun, err)
	}
}

func TestHolders(t *testing.T) {
	ctx := context.Background()
	soon := func(sh *shelf) time.Time { return sh.now.Add(time.Hour) }
	tests := []struct {
		name string
		do   func(sh *shelf) error
		want error
		// holders are those in the end.
		holders []compose.Holder
	}{
		{"who holds it may go on", func(sh *shelf) error { return sh.Extend(ctx, digest, "1", sh.now.Add(9*time.Hour)) }, nil, []compose.Holder{"1"}},
		{"who never held it cannot go on", func(sh *shelf) error { return sh.Extend(ctx, digest, "7", soon(sh)) }, compose.ErrOver, []compose.Holder{"1"}},
		{"others than composes may hold it", func(sh *shelf) error { _, err := sh.Join(ctx, digest, "latest-f45", soon(sh)); return err }, nil, []compose.Holder{"1", "latest-f45"}},
		{"who left may come back", func(sh *shelf) error {
			_ = sh.Leave(ctx, digest, "1")
			_, err := sh.Join(ctx, digest, "1", soon(sh))
			return err
		}, nil, []compose.Holder{"1"}},
		{"who left for good may not", func(sh *shelf) error {
			_, _ = sh.Join(ctx, digest, "2", soon(sh))
			_, _ = sh.BeginRemoval(ctx, digest, "1")
			_, err := sh.Join(ctx, digest, "1", soon(sh))
			return err
		}, compose.ErrOver, []compose.Holder{"2"}},
		{"who was closed comes to hold nothing", func(sh *shelf) error {
			_, _ = sh.Close(ctx, "2")
			_, err := sh.Enter(ctx, digest, 2, soon(sh))
			return err
		}, compose.ErrOver, []compose.Holder{"1"}},
		{"to leave what one does not hold is nothing", func(sh *shelf) error { return sh.Leave(ctx, "other", "1") }, nil, []compose.Holder{"1"}},
		{"holding is never shortened", func(sh *shelf) error {
			_, err := sh.Join(ctx, digest, "1", sh.now)
			is, _ := sh.Look(ctx, digest)
			return errors.Join(err, map[bool]error{true: nil, false: errors.New("it is")}[is.Holders["1"].Equal(soon(sh))])
		}, nil, []compose.Holder{"1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sh := quietShelf(t)
			sh.make(ctx, 1, soon(sh))
			if err := tt.do(sh); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			is, err := sh.Look(ctx, digest)
			if err != nil || is.Dir != 1 || len(is.Holders) != len(tt.holders) {
				t.Errorf("it is %+v, %v", is, err)
			}
			for _, h := range tt.holders {
				if _, holds := is.Holders[h]; !holds {
					t.Errorf("%s does not hold it", h)
				}
			}
		})
	}
}

func TestWhatIsHeldIsKnown(t *testing.T) {
	ctx := context.Background()
	sh := quietShelf(t)
	for _, d := range []string{"a", "b", "a"} {
		if _, err := sh.Enter(ctx, d, 1, sh.now); err != nil {
			t.Fatal(err)
		}
	}
	held, err := sh.Held(ctx, "1")
	if diff := cmp.Diff([]string{"a", "b"}, held); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if held, err := sh.Close(ctx, "1"); err != nil || len(held) != 2 {
		t.Errorf("closed it holds %v, %v", held, err)
	}
}

func TestThoseWhoLeftAreForgottenInTheEnd(t *testing.T) {
	ctx := context.Background()
	sh := quietShelf(t)
	for id := int64(1); id <= 100; id++ {
		sh.make(ctx, id, sh.now.Add(time.Hour))
		if _, err := sh.BeginRemoval(ctx, digest, compose.HolderOf(id)); err != nil {
			t.Fatal(err)
		}
		sh.now = sh.now.Add(24 * time.Hour)
	}
	if is, err := sh.Look(ctx, digest); err != nil || len(is.Left) > 8 {
		t.Errorf("it knows %d who left, %v", len(is.Left), err)
	}
}
