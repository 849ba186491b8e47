package composemake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/compose/publish/progress"
	"github.com/distaff-project/distaff/shared/compose/publish/shelf"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/state"
)

// making is one run of making one compose.
type making struct {
	maker
	c     compose.Compose
	r     compose.Request // of c, written out
	order event.ComposeOrder
	end   time.Time

	koji     Koji
	gatherer *gather.Gatherer
	pub      *publish.Publisher
	locks    compose.Locks
	log      *progress.Log
	journal  *journal
	shelf    *shelf.Keeper
	resolved *event.ComposeResolved
	src      *gather.Sources
	// solved tells that the solver looked at all there is, put that what the
	// sources hold is put away.
	solved, put bool
	// settled is the list of packages that this run wrote down.
	settled   compose.Lock
	settledAs string
	// locked tells that it is made of a list of packages, not of what sources
	// hold.
	locked bool
	// others are requests for all that is taken from repositories of others, file
	// is the .repo file in place of the usual one.
	others []compose.Request
	file   func(id int64) (string, error)
	// kept are the trees whose documents go on with other copies of their packages.
	kept []compose.Tree
	// release is what a configuration of Pungi says is composed.
	release productmd.Release
	// done of total packages are described.
	done, total int

	drafts []event.Draft
}

// bucket is what a Publisher needs.
type bucket struct {
	state.Bucket
	Reader
}

func (m maker) begin(ctx context.Context, c compose.Compose, k Koji, order event.ComposeOrder) (*making, error) {
	b := m.desk.Bucket
	log, err := progress.Open(ctx, b, c.ID)
	if err != nil {
		return nil, err
	}
	g := m.gatherer(k)
	run := &making{
		maker: m, c: c, r: c.Request, order: order, koji: k, log: log, gatherer: g,
		locks: compose.Locks{Store: b},
		pub:   m.publisher(k, g),
	}
	run.journal = &journal{pub: run.pub, now: b.Now, id: c.ID, fresh: order.Attempt <= 1 && !log.Work().Started}
	if run.journal.fresh {
		run.journal.opening(c)
	}
	run.end = m.until(ctx)
	if run.shelf, err = shelf.Open(ctx, b, k.Hub.Name(), c.Request); err != nil {
		return nil, err
	}
	return run, nil
}

func (m maker) gatherer(k Koji) *gather.Gatherer {
	b := m.desk.Bucket
	return &gather.Gatherer{Hub: k.Hub, Files: k.Files, Sums: shelf.Sums{Bucket: b}, Modules: m.options.Modules, Fetch: m.options.Fetch}
}

func (m maker) publisher(k Koji, g *gather.Gatherer) *publish.Publisher {
	return &publish.Publisher{
		Bucket: bucket{m.desk.Bucket, m.reader}, Heads: k.Files, Address: g.Address, Files: k.Hub.FilesURL(""), Options: m.options.Metadata,
	}
}

// until is when a run has to begin to end. Only a job has no deadline: a large
// compose that comes to a Service, because there are no jobs, is made in steps
// like the others.
func (m maker) until(ctx context.Context) time.Time {
	budget := m.options.JobBudget
	if _, limited := ctx.Deadline(); limited {
		budget = m.options.Budget
	}
	return m.desk.Bucket.Now().Add(budget)
}

func (r *making) stop() bool { return !r.desk.Bucket.Now().Before(r.end) }

// run goes as far as the time allows.
func (r *making) run(ctx context.Context) error {
	if known := r.log.Work().Answer; known != nil {
		answer, err := r.log.End(ctx, *known) // the run that found it may not have tidied up
		if err != nil {
			return err
		}
		return r.answer(ctx, answer)
	}
	ended, err := r.start(ctx)
	if err == nil && !ended {
		if len(r.drafts) == 0 {
			r.tell()
		}
		err = r.make(ctx)
	}
	if large := errors.Is(err, errLarge); large || publish.Stopped(err) {
		return r.pause(ctx, large)
	}
	return err
}

// pause keeps what was found out and asks to be asked again.
func (r *making) pause(ctx context.Context, large bool) error {
	if err := r.keepSources(ctx); err != nil {
		return err
	}
	switch {
	case large:
		r.journal.note("What is left is for a job: %d packages in all.", r.total)
	default:
		r.journal.note("%d of %d packages are done.", r.done, r.total)
	}
	if err := r.journal.save(ctx); err != nil {
		return err
	}
	answer := r.order.Answer()
	answer.At, answer.Done, answer.Total, answer.Large = r.now(), r.done, r.total, large
	r.drafts = append(r.drafts, event.ComposeProgressed.Say(answer))
	return nil
}

// keepSources keeps what was found out about the sources: for the next run of
// this making, or, where that needs it no more, for the next compose.
func (r *making) keepSources(ctx context.Context) error {
	switch {
	case r.log.Work().Lock == "" && r.src != nil:
		return r.log.KeepSources(ctx, r.src)
	case r.log.Work().Lock == "" || r.locked || !r.put:
		return nil
	}
	return r.shelf.Leave(ctx, r.log.Work().Start, nil)
}

func (r *making) reuses() compose.Reuse { return compose.Reuse{Bucket: r.desk.Bucket} }

func (r *making) now() time.Time { return r.desk.Bucket.Now() }

// answer says what came of it, unless the compose is over by now: then what it
// came to hold is let go of.
func (r *making) answer(ctx context.Context, answer event.ComposeAnswer) error {
	answer.Attempt, answer.Label, answer.At = r.order.Attempt, r.order.Label, r.now()
	c, err := r.desk.Read(ctx, r.c.ID)
	if err != nil {
		return err
	}
	if c.Over() {
		r.drafts = r.over(r.order)
		return r.desk.Contents.Leave(ctx, answer.Content, compose.HolderOf(r.c.ID))
	}
	r.drafts = append(r.drafts, event.ComposeMade.Say(answer))
	return nil
}

// start settles what the request means, and looks whether another compose is
// the same. It tells whether that was all.
func (r *making) start(ctx context.Context) (ended bool, err error) {
	if again, err := r.startLocked(ctx); again || err != nil {
		return false, err
	}
	switch r.r.SourceType {
	case compose.Pulp:
		return r.pulp(ctx)
	case compose.Repo:
		return false, r.outside(ctx)
	case compose.RawConfig:
		return false, r.configured(ctx)
	default:
	}
	start := r.log.Work().Start
	if !r.log.Work().Started {
		if start, err = r.gatherer.Begin(ctx, r.r, r.shelf.Start()); err != nil {
			return false, err
		}
	}
	if r.r, err = r.gatherer.Resolve(ctx, r.r, start); err != nil {
		return false, err
	}
	if r.resolved, err = r.resolution(); err != nil {
		return false, err
	}
	if r.log.Work().Started {
		return false, nil
	}
	if ended, err := r.reuse(ctx, start); ended || err != nil {
		return ended, err
	}
	if err := r.began(ctx, start); err != nil {
		return false, err
	}
	return false, r.reuses().Note(ctx, compose.ReuseKey(r.r), r.c.ID, false)
}

// began settles the start, for all runs of this order, and says so.
func (r *making) began(ctx context.Context, start gather.Start) error {
	settled, err := r.log.Begin(ctx, start)
	if err != nil {
		return err
	}
	r.r.Event, r.resolved.Event = settled.Event, settled.Event
	r.journal.note("The making begins. %s", asOf(settled))
	r.tell()
	return nil
}

// asOf says what a start is of.
func asOf(start gather.Start) string {
	switch {
	case len(start.TagNames) > 0:
		return fmt.Sprintf("Tags are read as of Koji's event %d: %s.", start.Event, strings.Join(start.TagNames, ", "))
	case start.Event != 0:
		return fmt.Sprintf("Its source is as of %d.", start.Event)
	}
	return "Its source is read as it is now."
}

// tell says that the making began, if the document does not know.
func (r *making) tell() {
	if r.c.State != compose.Wait && !r.c.Started.IsZero() && r.c.Leader == 0 {
		return
	}
	answer := r.order.Answer()
	answer.At, answer.Resolved = r.now(), r.resolved
	r.drafts = append(r.drafts, event.ComposeBegan.Say(answer))
}

// resolution is what a request came to mean, as its document keeps it.
func (r *making) resolution() (*event.ComposeResolved, error) {
	id, err := publish.PungiID(r.c.ID, r.release, r.r.ComposeType, r.c.Submitted)
	if err != nil {
		return nil, &gather.UnmetError{Reason: sentence(err.Error())}
	}
	return &event.ComposeResolved{
		Source: r.r.Source, Arches: r.r.Arches, Sigkeys: r.r.Sigkeys, Event: r.r.Event, PungiID: id,
	}, nil
}

// life is until when what is made now is held.
func (r *making) life() time.Time {
	return r.now().Add(r.desk.Rules.Life(r.r.Lifetime))
}

// retry does something again as long as files turn out not to be there: each
// time another copy of the package is tried.
func (r *making) retry(ctx context.Context, do func() error) error {
	const most = 100
	for {
		err := do()
		var gone *gather.GoneError
		if !errors.As(err, &gone) {
			return err
		}
		if len(r.log.Work().Gone) >= most {
			return fmt.Errorf("more than %d files are not there: %w", most, err)
		}
		if err := r.log.Miss(ctx, gone.Path); err != nil {
			return err
		}
	}
}
