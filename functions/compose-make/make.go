// Package composemake makes composes: it finds out which packages a request
// comes to, describes them, and puts the metadata dnf installs from into the
// bucket.
package composemake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/solve"
)

// Files is what is asked of a Koji's files.
type Files interface {
	gather.Files
	publish.Heads
}

// Koji is one instance.
type Koji struct {
	Hub   gather.Hub
	Files Files
}

// Reader reads parts of what is in the bucket.
type Reader interface {
	GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
}

// Options say how composes are made.
type Options struct {
	// URL is where the directory composes/ of the bucket is served:
	// ODCS's target_dir_url.
	URL string
	// Metadata shapes what is written.
	Metadata publish.Options
	// Budget is how long one event is worked on; 0 is 18 s, which leaves enough
	// of fn.Deadline to keep what was made. JobBudget is that of a job; 0 is an
	// hour.
	Budget, JobBudget time.Duration
	// Large is how many packages that have to be described are for a job; 0:
	// nothing is.
	Large int
	// Open opens repositories of others; nil refuses what needs them.
	Open gather.Repositories
	// Repositories are those that a request of type pulp names.
	Repositories map[string]Repository
	// RawConfigs are Pungi's configurations that a request of type raw_config
	// names, each with the path of its main file.
	RawConfigs map[string]string
	// Modules finds modules that are not looked for in tags; nil: they cannot be.
	Modules modulemd.Finder
	// Solver finds what packages need; nil refuses what needs it.
	Solver gather.Solver
	// Scratch is the folder for what the solver reads; empty: the system's.
	Scratch string
	// Parse reads the body of a POST to the API.
	Parse func(body json.RawMessage) (compose.Request, error)
	// Fetch gets a file of a git repository at a commit; nil refuses what needs
	// it.
	Fetch func(ctx context.Context, repository, commit, path string) ([]byte, error)
}

// Repository is one of somebody else's.
type Repository struct {
	// URL is its address, in which $basearch may stand. URLs are those of several
	// that are merged into one, in its place.
	URL    string
	URLs   []string
	Arches []string
	// Unpublished tells that only the flag include_unpublished_pulp_repos may
	// name it.
	Unpublished bool
}

// New returns the function. Kojis are the instances by name; the bucket's
// ranges are read by reader.
func New(desk compose.Desk, reader Reader, kojis map[string]Koji, options Options) fn.Function {
	if options.Budget <= 0 {
		options.Budget = 18 * time.Second
	}
	if options.JobBudget <= 0 {
		options.JobBudget = time.Hour
	}
	if options.Solver == nil {
		options.Solver = solve.None{}
	}
	m := maker{desk, reader, kojis, options}
	return fn.Function{
		Name: "compose-make", Does: "make composes from what Koji has", System: "koji",
		Hears: []fn.Route{
			// In two, so that only what is large can be sent to jobs.
			fn.On(event.ComposeMakeWanted, m.make).Where("size", "usual"),
			fn.On(event.ComposeMakeWanted, m.make).Where("size", "large"),
			fn.On(event.ComposeCheckWanted, m.check),
		},
		Says: []event.Named{
			event.ComposeBegan, event.ComposeProgressed, event.ComposeFollows, event.ComposeMade, event.ComposeFailed,
			event.ComposeChecked,
		},
	}
}

type maker struct {
	desk    compose.Desk
	reader  Reader
	kojis   map[string]Koji
	options Options
}

// make goes on with a compose until it is made or the time is nearly over.
// However many runs there are of one order, they come to the same.
func (m maker) make(ctx context.Context, in fn.In[event.ComposeOrder]) ([]event.Draft, error) {
	order := in.Data
	c, err := m.desk.Read(ctx, order.ID)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("make compose %d: %w", order.ID, err)
	case removed(c):
		return m.over(order), nil
	case !c.Wants(order.Label):
		return nil, nil
	}
	koji, err := m.koji(c.Request.Koji)
	if err != nil {
		return m.refuse(ctx, c, order, nil, err)
	}
	making, err := m.begin(ctx, c, koji, order)
	if err == nil {
		err = making.run(ctx)
	}
	if err != nil {
		return m.fail(ctx, c, order, making, err)
	}
	return making.drafts, nil
}

// fail tells of a breakdown. The first time there is one it is said, too, and the
// compose asked for again: else it would seem to wait, or to be made, as long as
// what broke down is down.
func (m maker) fail(ctx context.Context, c compose.Compose, order event.ComposeOrder, making *making, err error) ([]event.Draft, error) {
	if _, final := reasonOf(err); final || making == nil || ctx.Err() != nil {
		return m.refuse(ctx, c, order, making, err)
	}
	if len(making.drafts) == 0 {
		making.tell()
	}
	if len(making.drafts) == 0 && c.Trouble != "" {
		return nil, fmt.Errorf("make compose %d: %w", order.ID, err)
	}
	making.journal.note("It cannot go on now and is tried again: %v.", err)
	if saveErr := making.journal.save(ctx); saveErr != nil {
		return nil, fmt.Errorf("make compose %d: %w", order.ID, errors.Join(err, saveErr))
	}
	answer := order.Answer()
	answer.At, answer.Reason = m.desk.Bucket.Now(), firstRunes(sentence(err.Error()), reasonMost)
	answer.Done, answer.Total = c.Finished, c.Total
	if making.total > 0 {
		answer.Done, answer.Total = making.done, making.total
	}
	return append(making.drafts, event.ComposeProgressed.Say(answer)), nil
}

// removed tells that nothing may be left of a compose. One that failed has its log
// until its end.
func removed(c compose.Compose) bool { return c.Removing || c.State == compose.Removed }

// over tells that a compose ended while something was made for it, so that what
// is left of that is removed.
func (m maker) over(order event.ComposeOrder) []event.Draft {
	answer := order.Answer()
	answer.At, answer.Over = m.desk.Bucket.Now(), true
	return []event.Draft{event.ComposeFailed.Say(answer)}
}

// koji gives an instance by its name; without one the only one there is.
func (m maker) koji(name string) (Koji, error) {
	if k, ok := m.kojis[name]; ok {
		return k, nil
	}
	if name == "" && len(m.kojis) == 1 {
		for _, k := range m.kojis {
			return k, nil
		}
	}
	return Koji{}, &gather.UnmetError{Reason: fmt.Sprintf("No Koji is called %q here.", name)}
}

// missingMost is how many packages that are missing are told of one by one: an
// event and a document have to hold them.
const missingMost = 1000

// refuse tells what asking again cannot cure in words, to whoever asks and in the
// directory, which stays until the compose's end. All else is an error, and the
// order comes again.
func (m maker) refuse(ctx context.Context, c compose.Compose, order event.ComposeOrder, making *making, err error) ([]event.Draft, error) {
	reason, final := reasonOf(err)
	if !final {
		return nil, fmt.Errorf("make compose %d: %w", order.ID, err)
	}
	if c, doomErr := m.doom(ctx, c, making, reason); doomErr != nil {
		return nil, doomErr
	} else if removed(c) {
		return m.over(order), nil
	}
	answer := order.Answer()
	answer.At, answer.Reason = m.desk.Bucket.Now(), reason
	var unmet *gather.UnmetError
	if errors.As(err, &unmet) {
		answer.Missing = unmet.Missing[:min(len(unmet.Missing), missingMost)]
	}
	return []event.Draft{event.ComposeFailed.Say(answer)}, nil
}

// doom writes into the directory of a compose why it failed, and gives its document
// as it is after that.
func (m maker) doom(ctx context.Context, c compose.Compose, making *making, reason string) (compose.Compose, error) {
	pub := &publish.Publisher{Bucket: bucket{m.desk.Bucket, m.reader}}
	j := &journal{pub: pub, now: m.desk.Bucket.Now, id: c.ID, fresh: true}
	if making != nil {
		j = making.journal
	} else {
		j.opening(c)
	}
	j.note("Failed: %s", reason)
	err := j.end(ctx)
	if err == nil {
		err = pub.Doom(ctx, c.ID)
	}
	if err == nil {
		c, err = m.desk.Read(ctx, c.ID)
	}
	if err != nil {
		return c, fmt.Errorf("tell why compose %d failed: %w", c.ID, err)
	}
	return c, nil
}
