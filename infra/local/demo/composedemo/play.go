package composedemo

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

// look is how often it is looked whether something is done.
const look = 10 * time.Millisecond

// play is one demo going on.
type play struct {
	w         *world.World
	s         *screen.Screen
	api       *client.Client
	hub       *koji.Hub
	installer installer
	counter   *counter
	clock     clock
	began     time.Time

	// first is the compose everything begins with, as it was when it was done,
	// and packages what it lists.
	first    client.Compose
	packages map[string]entry
	// problems are what did not end as it should; those of this scene begin at
	// mark.
	problems []error
	mark     int
}

// run plays all scenes, one after the other.
func (p *play) run(ctx context.Context) error {
	scenes := []struct {
		does string
		play func(context.Context) error
	}{
		{"build the packages", p.build},
		{"ask for a compose and install from it", p.install},
		{"ask again", p.again},
		{"tag a security fix", p.fix},
		{"tell of a tag that did not change", p.unchanged},
		{"install a module", p.module},
		{"let a compose expire", p.expire},
		{"renew it", p.renew},
		{"look what it came to", p.account},
	}
	for _, scene := range scenes {
		p.mark = len(p.problems)
		if err := scene.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", scene.does, err)
		}
	}
	return nil
}

// step tells what somebody does.
func (p *play) step(format string, args ...any) {
	p.s.Say("%s  %s", p.at(), p.s.Paint(screen.Bold, "→ "+fmt.Sprintf(format, args...)))
}

func (p *play) at() string { return p.s.Paint(screen.Grey, screen.Clock(time.Since(p.began))) }

// result tells what came of a scene, and then how.
func (p *play) result(what string, how ...string) {
	symbol, color := "✔", screen.Green
	if len(p.problems) > p.mark {
		symbol, color = "✘", screen.Red
	}
	p.s.Say("%s  %s", p.at(), p.s.Paint(color, symbol+" "+what))
	for _, line := range how {
		p.s.Say("          %s", line)
	}
	for _, err := range p.problems[p.mark:] {
		p.s.Say("          %s", p.s.Paint(screen.Red, err.Error()))
	}
}

// wrong notes that something is not as it should be.
func (p *play) wrong(format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf(format, args...))
}

// ask asks for a compose and waits until it is over. Key names the asking.
func (p *play) ask(ctx context.Context, key, body string) (client.Compose, time.Duration, error) {
	began := time.Now()
	c, err := p.api.Create(ctx, []byte(body), key)
	if err != nil {
		return c, 0, err
	}
	c, err = p.over(ctx, c.ID)
	return c, time.Since(began), err
}

// over waits until a compose is done, has failed or was removed.
func (p *play) over(ctx context.Context, id int64) (client.Compose, error) {
	var c client.Compose
	err := p.until(ctx, fmt.Sprintf("compose %d", id), func() (done bool, err error) {
		c, err = p.api.Get(ctx, id)
		return c.Over(), err
	})
	return c, err
}

// until waits for what is looked at again and again.
func (p *play) until(ctx context.Context, what string, done func() (bool, error)) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		ended, err := done()
		if err != nil || ended {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

// document reads all that is known of a compose.
func (p *play) document(ctx context.Context, id int64) (compose.Compose, error) {
	return compose.NewDesk(p.w.Bucket, compose.Rules{}, nil).Read(ctx, id)
}

// rule reads the document of the rule that looks after security fixes.
func (p *play) rule(ctx context.Context) (rule.State, error) {
	return rule.NewDesk(p.w.Bucket, nil, "").Read(ctx, security)
}

// directory is what lies in the bucket for everybody of a compose.
func (p *play) directory(ctx context.Context, id int64) (objects int, err error) {
	found, err := p.w.Files.List(ctx, fmt.Sprintf("composes/odcs-%d/", id), "", 0)
	return len(found), err
}
