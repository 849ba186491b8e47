package stories

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/state"
)

// player plays one story.
type player struct {
	ctx     context.Context //nolint:containedctx // the life of one test
	world   *world.World
	clock   *clock
	stage   *stage
	builder *builder
	tester  *tester
	hub     *koji.Hub
	names   *names
	dir     string

	holdsBuilds, holdsTests, sleeps bool
	drops                           []string // topics of messages to be dropped, one each
	doubles                         bool
	requests                        []pull
	posts                           map[string]int // of flags, by uid
	visits                          int
	loose                           []string // effects of what nobody handled
	recorded                        map[string]bool
	heard                           strings.Builder

	// asked guards what is heard of the bucket's requests: what of what
	// everybody sees was changed, and after how many writes a function dies.
	asked            sync.Mutex
	public           []string
	kill             int
	slow             bool // each request to the bucket takes its time
	askings, modules int
}

// pull is a pull request of the story.
type pull struct {
	repo   string
	number int
	fork   string
	source string
}

const (
	// tickPause is longer than a story: the player ticks.
	tickPause = 10_000 * time.Hour
	// patience is how long a story may really take.
	patience = 60 * time.Second
	// slowness is how long a request to the bucket takes in a slow world.
	slowness = time.Second
)

func newPlayer(t *testing.T, checks []config.Check, rules []config.ComposeRule) *player {
	t.Helper()
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	delivery := *set.Triggers[0].Delivery
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	p := &player{
		ctx: ctx, clock: newClock(), builder: newBuilder(), tester: newTester(), posts: map[string]int{},
		recorded: map[string]bool{}, dir: t.TempDir(),
	}
	p.stage = newStage(p.clock, delivery)
	if p.world, err = world.Start(t.Context(), world.Options{
		Dir: p.dir, Memory: true, Builder: p.builder, Tester: p.tester, TickEvery: tickPause,
		Checks: checks, Rules: rules, Now: p.clock.now, Requests: p.requested, Observe: func(r broker.Record) { p.stage.observe(r) },
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(p.stage.quit)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.world.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	p.stage.direct(p.world.Functions())
	p.world.Bus.Fates(p.fate)
	at := p.world.Addresses
	p.names = newNames(at, p.builder, p.tester)
	if p.hub, err = koji.New(koji.Config{Name: "local", Server: at.Koji + "/kojihub", Web: at.Koji + "/koji", Files: at.Koji + "/kojifiles"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// fate decides about each message of the bus.
func (p *player) fate(topic, _ string) fedmsgtest.Fate {
	p.stage.mu.Lock()
	defer p.stage.mu.Unlock()
	if strings.HasSuffix(topic, "buildsys.task.state.change") {
		p.stage.tasks++
		p.stage.stir()
	}
	if len(p.drops) > 0 && strings.HasSuffix(topic, p.drops[0]) {
		p.drops = p.drops[1:]
		return fedmsgtest.Dropped
	}
	if p.doubles {
		return fedmsgtest.Duplicated
	}
	return fedmsgtest.Delivered
}

// quiet tells whether Koji, Testing Farm and the bus have nothing to do.
func (p *player) quiet() bool {
	p.stage.mu.Lock()
	messages, hooks := p.stage.tasks, map[string]int{}
	for label, n := range p.stage.hooks {
		hooks[label] = n
	}
	p.stage.mu.Unlock()
	if q, _ := p.world.Bus.Queue("distaff"); q.Unacked > 0 {
		return false // a connection was cut, and the queue has not noticed yet
	}
	return p.builder.quiet(messages) && p.tester.quiet(p.world.Farm, hooks)
}

// settle lets everything happen that can happen now.
func (p *player) settle() error {
	for {
		if err := p.stage.settled(p.ctx, p.quiet); err != nil {
			return err
		}
		if v := p.stage.next(p.clock.now()); v != nil {
			if err := p.visit(v); err != nil {
				return err
			}
			continue
		}
		if q, _ := p.world.Bus.Queue("distaff"); q.Ready > 0 && !p.sleeps {
			if err := p.tick(); err != nil {
				return err
			}
			continue
		}
		switch {
		case !p.holdsBuilds && p.builder.free():
		case !p.holdsTests && p.tester.free():
		default:
			return nil
		}
	}
}

func (p *player) tick() error { return p.world.Broker.Tick(p.ctx, "minute") }

// visit lets one function have its event, and notes what it did.
func (p *player) visit(v *visit) error {
	p.visits++
	if v.of != nil && v.of.handled == 0 {
		v.of.handled = p.visits
	}
	calls := p.calls()
	if err := p.stage.play(p.ctx, v); err != nil {
		return err
	}
	calls = p.calls() - calls
	effects, err := p.effects()
	if err != nil {
		return err
	}
	effects = append(effects, p.published()...)
	if v.event.Type() == event.ComposeCheckWanted.Name() && calls == 1 {
		effects = append(effects, "= koji is asked one question")
	}
	if v.trouble != "" {
		text := v.function + " fails: " + v.trouble
		if v.resting {
			text += "; again in " + v.due.Sub(p.clock.now()).String()
		}
		effects = append(effects, "! "+text)
	}
	if v.function == "dead-letter" {
		effects = append(effects, "! it is kept among the dead letters")
	}
	if v.of == nil || v.event.Type() == tickType {
		p.loose = append(p.loose, effects...)
		return nil
	}
	v.of.done = append(v.of.done, effects...)
	return nil
}

// calls is how often Koji was asked anything.
func (p *player) calls() int {
	n := 0
	for _, times := range p.world.Koji.Stats().Calls {
		n += times
	}
	return n
}

// effects are what changed at Koji, Testing Farm and the forge.
func (p *player) effects() ([]string, error) {
	var out []string
	began, stopped, err := p.builder.look(p.ctx, p.world, p.hub)
	if err != nil {
		return nil, err
	}
	for _, t := range began {
		out = append(out, fmt.Sprintf("= koji builds task %d", t.number))
	}
	for _, t := range stopped {
		out = append(out, fmt.Sprintf("= koji cancels task %d", t.number))
	}
	made, ended := p.tester.look(p.world.Farm)
	for _, r := range made {
		out = append(out, "= testing farm is asked for "+string(r.Job.Check)+" ("+p.names.of(r.ID)+")")
	}
	for _, r := range ended {
		out = append(out, "= testing farm cancels "+string(r.Job.Check)+" ("+p.names.of(r.ID)+")")
	}
	for _, commit := range p.names.commits {
		for _, f := range p.world.Forge.Flags(commit) {
			posts := p.world.Forge.FlagPosts(f.UID)
			if posts == p.posts[f.UID] {
				continue
			}
			p.posts[f.UID] = posts
			out = append(out, fmt.Sprintf("= %s shows %s %q for %s", p.names.of(commit), f.Status, f.Comment, strings.TrimPrefix(f.Name, "distaff - ")))
		}
	}
	return out, nil
}

// advance moves the clock, and lets everything happen in its minute.
func (p *player) advance(d time.Duration) error {
	target := p.clock.now().Add(d)
	for {
		if err := p.settle(); err != nil {
			return err
		}
		now := p.clock.now()
		next := now.Truncate(time.Minute).Add(time.Minute)
		if at, ok := p.stage.earliest(); ok && at.Before(next) {
			next = at
		}
		if next.After(target) {
			if now.Before(target) { // what is slow may have taken longer
				p.clock.set(target)
			}
			return p.settle()
		}
		p.clock.set(next)
		if err := p.minute(next); err != nil {
			return err
		}
	}
}

// minute ticks if there is anything to do: most minutes nothing is due.
func (p *player) minute(at time.Time) error {
	if p.sleeps || !at.Equal(at.Truncate(time.Minute)) {
		return nil
	}
	due, err := p.world.Files.List(p.ctx, state.DuePrefix, "", 1)
	if err != nil {
		return err
	}
	if len(due) > 0 && due[0].Key < state.DueBefore(at) || at.Minute()%10 == 0 {
		return p.tick()
	}
	return nil
}

// post calls a web hook of distaff.
func (p *player) post(path, body string, header http.Header) (string, error) {
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.world.Addresses.Distaff+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header = header
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text := make([]byte, 200)
	n, _ := answer.Body.Read(text)
	return fmt.Sprintf("= distaff answers %d: %s", answer.StatusCode, strings.TrimSpace(string(text[:n]))), nil
}

// key gives one of the world's secrets.
func (p *player) key(name string) (string, error) {
	key, err := os.ReadFile(filepath.Join(p.dir, "keys", name))
	return strings.TrimSpace(string(key)), err
}
