package composemake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/compose/publish/progress"
	"github.com/distaff-project/distaff/shared/odcs"
)

// startLocked begins a compose of exactly the packages of a lock: a copy of an
// older compose, or a list that the request names. It tells whether it is one.
func (r *making) startLocked(ctx context.Context) (bool, error) {
	if r.r.SourceType == compose.Locked && r.c.From == 0 {
		if key, isList := odcs.RPMListKey(strings.Join(r.r.Source, " ")); isList {
			return true, r.listed(ctx, key)
		}
		digest, err := r.named(ctx)
		if err != nil {
			return true, err
		}
		return true, r.again(ctx, digest)
	}
	if r.c.From == 0 {
		return false, nil
	}
	old, err := r.desk.Read(ctx, r.c.From)
	if errors.Is(err, blob.ErrNotFound) || err == nil && (old.Lock == "" || changed(old.Request, r.r)) {
		return false, nil // it never came so far, or something else is asked for
	}
	if err != nil {
		return true, err
	}
	if !slices.Equal(old.Request.Sigkeys, r.r.Sigkeys) {
		return true, r.signedAnew(ctx, old.Lock)
	}
	return true, r.again(ctx, old.Lock)
}

// changed tells whether a copy is to be of other builds or modules.
func changed(old, copied compose.Request) bool {
	return !slices.Equal(old.Builds, copied.Builds) || !slices.Equal(old.Modules, copied.Modules)
}

// named gives the digest of the lock a request names, or of a compose's that it
// names.
func (r *making) named(ctx context.Context) (string, error) {
	source := strings.Join(r.r.Source, " ")
	number, of := strings.CutPrefix(source, "compose:")
	if !of {
		return source, nil
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return "", &gather.UnmetError{Reason: fmt.Sprintf("%q names no compose: write compose:12.", source)}
	}
	other, err := r.desk.Read(ctx, id)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return "", &gather.UnmetError{Reason: fmt.Sprintf("There is no compose %d.", id)}
	case err == nil && other.Lock == "":
		return "", &gather.UnmetError{Reason: fmt.Sprintf("Compose %d has no list of packages: it is %s.", id, other.State)}
	}
	return other.Lock, err
}

func (r *making) lock(ctx context.Context, digest string) (compose.Lock, error) {
	lock, err := r.locks.Load(ctx, digest)
	if errors.Is(err, blob.ErrNotFound) {
		return lock, &gather.UnmetError{Reason: fmt.Sprintf("The list of packages %.12s is not kept any more.", digest)}
	}
	return lock, err
}

// again makes a compose of the very files of a lock, if they are all there.
func (r *making) again(ctx context.Context, digest string) error {
	r.locked = true
	if r.log.Work().Lock != "" {
		return r.resolve()
	}
	lock, err := r.lock(ctx, digest)
	if err != nil {
		return err
	}
	if r.r.SourceType == compose.Locked {
		r.r.Arches, r.r.Sigkeys = archesOf(lock), keysOf(lock)
	}
	r.r.Event = lock.Event
	if err := r.resolve(); err != nil {
		return err
	}
	if err := r.began(ctx, gather.Start{Event: lock.Event, Tags: lock.Tags, TagNames: lock.TagNames}); err != nil {
		return err
	}
	if err := r.present(ctx, lock); err != nil {
		return err
	}
	_, err = r.log.Settle(ctx, digest)
	return err
}

func (r *making) resolve() (err error) {
	r.resolved, err = r.resolution()
	return err
}

// signedAnew makes a compose of the packages of a lock, in copies signed with
// other keys.
func (r *making) signedAnew(ctx context.Context, digest string) error {
	r.locked = true
	if r.log.Work().Lock != "" {
		return r.resolve()
	}
	lock, err := r.lock(ctx, digest)
	if err != nil {
		return err
	}
	start := gather.Start{Event: lock.Event, Tags: lock.Tags, TagNames: lock.TagNames}
	r.r.Event, r.kept = lock.Event, lock.Trees
	if err := r.resolve(); err != nil {
		return err
	}
	if err := r.began(ctx, start); err != nil {
		return err
	}
	if r.src, err = r.log.Sources(ctx); r.src == nil && err == nil {
		r.src, err = r.gatherer.Again(ctx, lock)
	}
	if err != nil {
		return err
	}
	// Which packages there are is settled, whatever the request said then.
	r.src.Start, r.r.Packages, r.r.Flags, r.r.MultilibArches = start, nil, compose.NoDeps, nil
	return nil
}

// listed makes a compose of packages that are named one by one.
func (r *making) listed(ctx context.Context, key string) error {
	r.locked = true
	if err := r.resolve(); err != nil || r.log.Work().Lock != "" {
		return err
	}
	object, err := r.desk.Bucket.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return &gather.UnmetError{Reason: "The list of packages that came with the request is not kept any more."}
	}
	if err != nil {
		return fmt.Errorf("read the list of packages: %w", err)
	}
	if err := r.began(ctx, gather.Start{}); err != nil {
		return err
	}
	src, request, err := r.gatherer.Listed(ctx, r.r, strings.Fields(string(object.Body)))
	if err != nil {
		return err
	}
	if kept, err := r.log.Sources(ctx); kept != nil || err != nil {
		src = kept
		if err != nil {
			return err
		}
	}
	r.src, r.r = src, request
	r.r.Packages, r.r.Flags, r.r.MultilibArches = nil, r.r.Flags|compose.NoDeps, nil
	return nil
}

func archesOf(lock compose.Lock) []string {
	var arches []string
	for _, tree := range lock.Trees {
		if tree.Kind == gather.OS && !slices.Contains(arches, tree.Arch) {
			arches = append(arches, tree.Arch)
		}
	}
	slices.Sort(arches)
	return arches
}

// keysOf are the keys of a lock's packages; an empty one comes last.
func keysOf(lock compose.Lock) []string {
	var keys []string
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			if !slices.Contains(keys, p.Sigkey) {
				keys = append(keys, p.Sigkey)
			}
		}
	}
	slices.Sort(keys)
	if len(keys) > 0 && keys[0] == "" {
		keys = append(keys[1:], "")
	}
	return keys
}

// checkedAtOnce is after how many files of a lock it is noted that they are
// there.
const checkedAtOnce = 2000

// present looks whether all files of a lock are where it says, and of the size
// they had.
func (r *making) present(ctx context.Context, lock compose.Lock) error {
	var files []compose.RPM
	seen := map[string]bool{}
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			if !seen[p.Base+" "+p.Path] {
				seen[p.Base+" "+p.Path] = true
				files = append(files, p)
			}
		}
	}
	r.total = len(files)
	for {
		at := min(r.log.Work().Checked, len(files))
		r.done = at
		if at == len(files) {
			return nil
		}
		if r.stop() {
			return gather.ErrStopped
		}
		to := min(at+checkedAtOnce, len(files))
		if err := r.look(ctx, files[at:to]); err != nil {
			return err
		}
		err := r.log.Change(ctx, func(w *progress.Work) bool {
			more := w.Checked < to
			w.Checked = max(w.Checked, to)
			return more
		})
		if err != nil {
			return err
		}
	}
}

func (r *making) look(ctx context.Context, files []compose.RPM) error {
	var mu sync.Mutex
	var lost []string
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(64) // the reader bounds what is under way
	for _, p := range files {
		group.Go(func() error {
			f := gather.File{RPM: p}
			file, err := r.koji.Files.Stat(inner, r.gatherer.Address(&f))
			var gone *rpmfile.GoneError
			if err != nil && !errors.As(err, &gone) {
				return fmt.Errorf("package %s: %w", p.NEVRA, err)
			}
			if err != nil || file.Size != p.Size {
				mu.Lock()
				lost = append(lost, p.NEVRA)
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	others, err := r.gatherer.Exchanged(ctx, files)
	if err != nil {
		return err
	}
	if lost = append(lost, others...); len(lost) > 0 {
		slices.Sort(lost)
		return gather.Lost(slices.Compact(lost))
	}
	return nil
}
