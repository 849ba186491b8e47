package composedemo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
)

const (
	day = 25 * time.Hour // and an hour more than a compose lives
	// longer is how much longer carla's compose lives.
	longer = 15 * time.Hour
)

// expire lets the first composes expire while another needs their files, and
// then that too.
func (p *play) expire(ctx context.Context) error {
	p.step("carla asks for the same packages with another list of keys, for 36 hours; then a day passes")
	c, _, err := p.ask(ctx, "carla", `{"source": {"type": "tag", "source": "f45", "sigkeys": ["a15b79cc", "b86b3716", ""]}, "flags": ["no_deps"], "seconds-to-live": 129600}`)
	if err != nil {
		return err
	}
	p.done(c)
	shared, err := p.document(ctx, c.ID)
	if err != nil {
		return err
	}
	if shared.DirOf() != p.first.ID {
		p.wrong("carla's compose has directory %d, and should share that of compose %d", shared.DirOf(), p.first.ID)
	}
	if err := p.later(ctx, day); err != nil {
		return err
	}
	old, err := p.api.Get(ctx, p.first.ID)
	if err != nil {
		return err
	}
	if old.State != compose.Removed {
		p.wrong("compose %d is %s, and should be removed", old.ID, old.StateName)
	}
	if _, err := fetch(ctx, c.RepoFile); err != nil {
		p.wrong("carla's .repo file: %w", err)
	}
	kept, err := p.directory(ctx, p.first.ID)
	if err != nil {
		return err
	}
	if kept == 0 {
		p.wrong("the files that carla's compose needs are gone")
	}
	if err := p.later(ctx, longer); err != nil {
		return err
	}
	return p.expired(ctx, c.ID, kept)
}

// expired judges what is left when nobody needs the files any more.
func (p *play) expired(ctx context.Context, last int64, kept int) error {
	is, err := p.api.Get(ctx, last)
	if err != nil {
		return err
	}
	left, err := p.directory(ctx, p.first.ID)
	if err != nil {
		return err
	}
	if is.State != compose.Removed || left > 0 {
		p.wrong("compose %d is %s and %d objects are left; it should be removed, and none", is.ID, is.StateName, left)
	}
	if _, err := fetch(ctx, p.first.RepoFile); !errors.Is(err, errGone) {
		p.wrong("%s should be gone: %v", p.first.RepoFile, err)
	}
	newest, err := p.latest(ctx, p.w.Addresses.Composes()+"/latest-"+security)
	if err != nil {
		return err
	}
	if c, err := p.document(ctx, newest); err != nil || c.State != compose.Done {
		p.wrong("compose %d, the latest of %s, is %s, and should live on: %v", newest, security, c.State, err)
	}
	p.result(fmt.Sprintf("compose %d was removed after its day; its %d files stayed for carla's compose %d, and went with it", p.first.ID, kept, last),
		fmt.Sprintf("latest-%s still leads to compose %d: what is the latest does not expire", security, newest))
	return nil
}

// renew asks for the first compose again, though the release has changed.
func (p *play) renew(ctx context.Context) error {
	p.step("the fix is released: it is tagged into %s. Then anna renews compose %d: PATCH /api/1/composes/%d", release, p.first.ID, p.first.ID)
	if err := p.w.Koji.Tag(release, "fetch-1.0-2.fc45", "releng"); err != nil {
		return err
	}
	before, began := p.tally(), time.Now()
	c, err := p.api.Renew(ctx, p.first.ID, nil, "")
	if err == nil {
		c, err = p.over(ctx, c.ID)
	}
	if err != nil {
		return err
	}
	took, cost := time.Since(began), p.tally().since(before)
	if !p.done(c) {
		p.result("it was not made again: " + c.Reason)
		return nil
	}
	got, err := readManifest(ctx, c.Toplevel)
	if err != nil {
		return err
	}
	was, err := p.document(ctx, p.first.ID)
	if err != nil {
		return err
	}
	is, err := p.document(ctx, c.ID)
	if err != nil {
		return err
	}
	if !maps.Equal(got, p.packages) || is.Lock != was.Lock {
		p.wrong("compose %d has other packages than compose %d: %v, and had %v", c.ID, p.first.ID, got, p.packages)
	}
	fresh, _, err := p.ask(ctx, "now", asked)
	if err != nil {
		return err
	}
	p.done(fresh)
	now, err := readManifest(ctx, fresh.Toplevel)
	if err != nil {
		return err
	}
	_, old := now["fetch-1.0-1.fc45.noarch"]
	if _, updated := now["fetch-1.0-2.fc45.noarch"]; old || !updated {
		p.wrong("who asks for %s now should get the fix: %v", release, now)
	}
	p.result(fmt.Sprintf("compose %d has exactly the %s of compose %d, also fetch-1.0-1, in %.2f s", c.ID, count(len(got), "package"), p.first.ID, took.Seconds()),
		fmt.Sprintf("the list of names, keys, checksums and places is the same: %.12s…; compose %d, asked for now, has fetch-1.0-2", is.Lock, fresh.ID),
		cost.String())
	return nil
}
