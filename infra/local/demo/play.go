package demo

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// look is how often the forge is looked at for statuses that changed.
const look = 50 * time.Millisecond

// play is one demo going on.
type play struct {
	w      *world.World
	s      *screen.Screen
	scenes []*scene
	hub    *koji.Hub
	began  time.Time

	mu    sync.Mutex
	shown map[string]string // what was told of each flag, by uid
}

func newPlay(w *world.World, s *screen.Screen, o Options, began time.Time) *play {
	p := &play{w: w, s: s, scenes: scenes(), shown: map[string]string{}, began: began}
	if o.Scripted {
		p.scenes = p.scenes[:1]
	}
	return p
}

// run plays all scenes at once, as pull requests come, until all is quiet.
func (p *play) run(ctx context.Context, content []byte) error {
	source, err := p.w.Lookaside.Put(repo, archive, content)
	if err != nil {
		return fmt.Errorf("put the archive into the lookaside cache: %w", err)
	}
	if _, err := p.w.Forge.CreateRepo(ctx, repo, distGit(source)); err != nil {
		return fmt.Errorf("make the repository %s: %w", repo, err)
	}
	k := p.w.Config.Koji[world.Instance]
	password, err := os.ReadFile(k.Auth.Password.File)
	if err != nil {
		return fmt.Errorf("log in to Koji: %w", err)
	}
	p.hub, err = koji.New(koji.Config{Name: world.Instance, Server: k.Server, Web: k.Web, Files: k.Files, Credential: koji.Password(k.Auth.User, trim(password))})
	if err != nil {
		return fmt.Errorf("log in to Koji: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { p.watch(watching) })
	defer told.Wait()
	defer stop()
	for _, sc := range p.scenes {
		if err := p.open(ctx, sc); err != nil {
			return err
		}
	}
	for _, sc := range p.scenes {
		if sc.again == nil {
			continue
		}
		if err := p.pushAgain(ctx, sc); err != nil {
			return err
		}
	}
	err = p.w.Wait(ctx)
	p.tell()
	return err
}

// pushAgain pushes to a pull request once its build has begun.
func (p *play) pushAgain(ctx context.Context, sc *scene) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		doc, err := p.document(ctx, sc)
		if build := doc.Run.Checks[pipeline.Build]; err == nil && !build.Started.IsZero() {
			break
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the build of #%d to begin: %w", sc.number, ctx.Err())
		}
	}
	head, err := p.w.Forge.PushToPullRequest(ctx, repo, sc.number, sc.again)
	if err != nil {
		return fmt.Errorf("push to #%d again: %w", sc.number, err)
	}
	p.add(sc, head)
	p.step(sc.number, "pushed again while %s is being built: %s", sc.heads[0][:7], head[:7])
	return nil
}

// add notes a commit of a pull request, so that it is watched.
func (p *play) add(sc *scene, head string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sc.heads = append(sc.heads, head)
}

func (p *play) id(sc *scene) event.PullRequestID {
	return event.PullRequestID{Forge: world.Instance, Repo: repo, Number: sc.number}
}

func (p *play) document(ctx context.Context, sc *scene) (pipeline.PullRequest, error) {
	return pipeline.NewDesk(p.w.Bucket, p.w.Config.Rules()).Documents.Read(ctx, p.id(sc).Document())
}

// watch tells what changes on the pull requests until ctx ends.
func (p *play) watch(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		p.tell()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// tell says what has changed on the pull requests since the last time.
func (p *play) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sc := range p.scenes {
		for _, st := range p.statuses(sc) {
			now := st.state + " " + st.text
			if p.shown[st.uid] != now {
				p.shown[st.uid] = now
				p.status(sc.number, st)
			}
		}
	}
}
