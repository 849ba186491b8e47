package stories

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

const (
	tickType = event.TickType
	// farmHook is what is said of a web hook of Testing Farm.
	farmHook = "distaff.testing-farm.request-changed"
)

// stage is where events wait until the player lets a function have one: so that
// one function works at a time, always in the same order, and what it does to
// the world around is its own doing.
//
// It also repeats what failed, after the pauses the manifests name, by the
// story's clock: the broker itself would pause for real.
type stage struct {
	clock    *clock
	delivery manifest.Delivery

	mu      sync.Mutex
	changed chan struct{} // closed at each change
	quit    chan struct{} // closed when the story is over
	open    map[place]*said
	waiting []*visit
	running *visit
	told    []*said // all that was accepted, in order
	byID    map[string]event.Event
	hooks   map[string]int // web hooks of Testing Farm heard, by label
	tasks   int            // messages about Koji tasks sent
	// resting are the functions that are given nothing; those with the number of
	// a compose once they have begun that.
	resting map[string]string
	stop    context.CancelFunc // of the running visit
	killed  bool
}

// place is one delivery: an event on its way to one trigger.
type place struct {
	seq     uint64
	trigger string
}

// said is one event, as often as it is said.
type said struct {
	seq      uint64
	id       string
	kind     string
	subject  string
	source   string
	children []*said
	root     bool
	handled  int // the number of the first visit of it
	handed   bool
	done     []string
	// How much of it was told with an earlier line.
	wasTold                bool
	toldDone, toldChildren int
}

// visit is one function with one event.
type visit struct {
	function string
	event    event.Event
	of       *said
	at       place
	due      time.Time
	turn     chan struct{}
	resting  bool // it failed, and waits to be tried again
	over     bool
	trouble  string
}

func newStage(clock *clock, delivery manifest.Delivery) *stage {
	return &stage{
		clock: clock, delivery: delivery, changed: make(chan struct{}), quit: make(chan struct{}), open: map[place]*said{},
		byID: map[string]event.Event{}, hooks: map[string]int{}, resting: map[string]string{},
	}
}

// stir tells everybody who waits that something changed. s.mu is held.
func (s *stage) stir() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// observe hears what the broker does.
func (s *stage) observe(r broker.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	switch r.Kind {
	case broker.Accepted, broker.NoMatch:
		s.accepted(r)
	case broker.Delivered, broker.DeadLettered, broker.Lost:
		delete(s.open, place{r.Seq, r.Trigger})
		s.end(r)
	case broker.Failed, broker.Retried:
		s.end(r)
	}
}

func (s *stage) accepted(r broker.Record) {
	if r.By != "" { // handed on by another broker: it was told there
		if e := s.handed(r.ID); e != nil {
			for _, trigger := range r.Triggers {
				s.open[place{r.Seq, trigger}] = e
			}
			return
		}
	}
	e := &said{seq: r.Seq, id: r.ID, kind: r.Type, subject: r.Subject, source: r.Source}
	s.told = append(s.told, e)
	if v := s.running; v != nil && e.source == "/"+v.function && v.event.Type() != tickType {
		v.of.children = append(v.of.children, e)
	} else {
		e.root = r.Type != tickType
	}
	for _, trigger := range r.Triggers {
		s.open[place{r.Seq, trigger}] = e
	}
	if r.Type == farmHook {
		s.hooks[r.Subject]++
	}
}

// handed finds the event that comes from another broker. One that was said twice
// comes twice, in any order: then the first to come is the first that was said.
func (s *stage) handed(id string) *said {
	var last *said
	for _, e := range s.told {
		if e.id != id {
			continue
		}
		if last = e; !e.handed {
			break
		}
	}
	if last != nil {
		last.handed = true
	}
	return last
}

// end notes that the running visit is over. An event that was said twice is on
// its way twice, and which of the two a function was given shows only here.
func (s *stage) end(r broker.Record) {
	v := s.running
	if v == nil || v.at.trigger != r.Trigger || v.event.ID() != r.ID {
		return
	}
	ended := place{r.Seq, r.Trigger}
	for _, other := range s.waiting {
		if other.at == ended {
			other.at = v.at
		}
	}
	v.at, v.over = ended, true
	s.running = nil
}

// direct lets events wait for the player before they reach the functions. The
// routes are shared with the broker's subscribers, so it is done before
// anything is said.
func (s *stage) direct(functions []fn.Function) {
	for _, f := range functions {
		for i, route := range f.Hears {
			f.Hears[i].Handle = s.hold(f.Name, route.Handle)
		}
	}
}

func (s *stage) hold(function string, handle fn.Handler) fn.Handler {
	return func(ctx context.Context, e event.Event) ([]event.Draft, error) {
		v := s.arrive(function, e)
		for n := 0; ; n++ {
			select {
			case <-v.turn:
			case <-s.quit:
				return nil, fn.Permanent(errors.New("the story is over"))
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			drafts, err := s.run(ctx, handle, e)
			if err == nil {
				return drafts, nil
			}
			status, after := fn.Verdict(err)
			again := broker.Retryable(status) && n < s.delivery.Retry
			s.fails(v, err, again, broker.Backoff(s.delivery, n, status, after))
			if !again {
				return nil, fn.Permanent(err) // the broker has nothing to add
			}
		}
	}
}

// errKilled is what is left of a function that was killed.
var errKilled = errors.New("it is killed")

// run lets a function deal with an event, unless it is killed meanwhile.
func (s *stage) run(ctx context.Context, handle fn.Handler, e event.Event) ([]event.Draft, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.mu.Lock()
	s.stop, s.killed = stop, false
	s.mu.Unlock()
	drafts, err := handle(ctx, e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed {
		return nil, errKilled
	}
	return drafts, err
}

// kill ends the running visit where it is.
func (s *stage) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = true
	s.stop()
}

// rest gives a function nothing more, or nothing more about a compose once it
// has begun that.
func (s *stage) rest(function, compose string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting[function] = compose
}

func (s *stage) wake(function string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.resting, function)
}

// rests tells whether a visit has to wait for its function. s.mu is held.
func (s *stage) rests(v *visit) bool {
	compose, resting := s.resting[v.function]
	return resting && (compose == "" || compose == v.event.Subject() && v.again())
}

// again tells whether a visit goes on with what was begun.
func (v *visit) again() bool {
	var order event.ComposeOrder
	return v.event.DataAs(&order) == nil && order.Attempt > 1
}

// arrive notes that a function has been given an event.
func (s *stage) arrive(function string, e event.Event) *visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	s.byID[e.ID()] = e
	v := &visit{function: function, event: e, turn: make(chan struct{}, 1), due: s.clock.now()}
	for at, of := range s.open {
		mine := strings.HasPrefix(at.trigger, function+"-") || function == "dead-letter"
		if mine && of.id == e.ID() && !s.visited(at) && (v.of == nil || at.seq < v.at.seq) {
			v.at, v.of = at, of
		}
	}
	s.waiting = append(s.waiting, v)
	return v
}

func (s *stage) visited(at place) bool {
	return slices.ContainsFunc(s.waiting, func(v *visit) bool { return v.at == at })
}

func (s *stage) fails(v *visit, err error, again bool, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	v.trouble = err.Error()
	if !again {
		return
	}
	v.due, v.resting = s.clock.now().Add(pause), true
	s.running = nil
	s.waiting = append(s.waiting, v)
}

// settled waits until every event that is on its way stands before its
// function, and the world around is quiet.
func (s *stage) settled(ctx context.Context, quiet func() bool) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		s.mu.Lock()
		still := s.running == nil && len(s.open) == len(s.waiting)
		changed := s.changed
		s.mu.Unlock()
		if still && quiet() {
			s.mu.Lock()
			same := changed == s.changed
			s.mu.Unlock()
			if same {
				return nil
			}
		}
		select {
		case <-changed:
		case <-ticker.C: // not all of the world says when it changes
		case <-ctx.Done():
			return errors.New("the world does not come to rest: " + s.describe())
		}
	}
}

func (s *stage) describe() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for at, of := range s.open {
		words = append(words, of.kind+" to "+at.trigger)
	}
	return strings.Join(words, ", ")
}

// next takes the visit whose turn it is, if one is due.
func (s *stage) next(now time.Time) *visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.waiting, func(a, b *visit) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return compareVisits(a, b)
	})
	at := slices.IndexFunc(s.waiting, func(v *visit) bool { return !s.rests(v) })
	if at < 0 || s.waiting[at].due.After(now) {
		return nil
	}
	v := s.waiting[at]
	s.waiting = slices.Delete(s.waiting, at, at+1)
	s.running, v.resting, v.trouble = v, false, ""
	return v
}

// compareVisits orders by when something was said. Only web hooks come in any
// order, so they come last and by what they are about.
func compareVisits(a, b *visit) int {
	hookA, hookB := a.event.Type() == farmHook, b.event.Type() == farmHook
	switch {
	case hookA && hookB:
		return strings.Compare(a.event.Subject(), b.event.Subject())
	case hookA != hookB && hookA:
		return 1
	case hookA != hookB:
		return -1
	}
	if a.of.seq != b.of.seq { // not where it was handed on to: that takes a while
		return int(a.of.seq) - int(b.of.seq)
	}
	return strings.Compare(a.at.trigger, b.at.trigger)
}

// play lets a function have its event, and waits until it is done with it.
func (s *stage) play(ctx context.Context, v *visit) error {
	v.turn <- struct{}{}
	for {
		s.mu.Lock()
		done, changed := v.over || v.resting, s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.New(v.function + " does not get done with " + v.event.Type())
		}
	}
}

// earliest is when the next visit that waits for its pause is due.
func (s *stage) earliest() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first time.Time
	for _, v := range s.waiting {
		if !s.rests(v) && (first.IsZero() || v.due.Before(first)) {
			first = v.due
		}
	}
	return first, !first.IsZero()
}
