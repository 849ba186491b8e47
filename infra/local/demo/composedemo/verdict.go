package composedemo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/fedmsg"
)

// account judges what all of it came to: what was asked of Koji, which composes
// there are, what the bus was told, and that nothing is left over.
func (p *play) account(ctx context.Context) error {
	if err := p.w.Wait(ctx); err != nil {
		return err
	}
	if n := p.w.Koji.Stats().Calls["build"]; n != 6 {
		p.wrong("Koji was asked for %d builds, and should be 6", n)
	}
	all, err := world.Composes(ctx, p.w.Files)
	if err != nil {
		return err
	}
	var states []string
	for _, c := range all {
		states = append(states, fmt.Sprintf("%d %s", c.ID, c.State))
	}
	// The rule made one only: when the fix came into what its tag inherits, what
	// there is to install stayed the same.
	want := []string{"1 removed", "2 removed", "3 done", "4 removed", "5 removed", "6 done", "7 done"}
	if !slices.Equal(states, want) {
		p.wrong("the composes are %v, and should be %v", states, want)
	}
	for _, prefix := range []string{"dead/", "stuck/"} {
		if left, err := p.w.Files.List(ctx, prefix, "", 0); err != nil || len(left) > 0 {
			p.wrong("in %s there are %d objects, and should be none: %v", prefix, len(left), err)
		}
	}
	return p.messages(ctx)
}

// messages judges what the bus was told of the first compose, under both topics
// that ODCS's clients listen to.
func (p *play) messages(ctx context.Context) error {
	const prefix = "org.fedoraproject.prod."
	told := map[string][]string{}
	topics := []string{prefix + "odcs.compose.state-changed", prefix + "odcs.state.change"}
	now := p.clock.now()
	err := fedmsg.Archive{Base: p.w.Addresses.Datagrepper()}.Since(ctx, topics, now.Add(-100*time.Hour), now.Add(time.Hour), func(page []fedmsg.Message) error {
		for _, m := range page {
			var body struct {
				Compose struct {
					ID    int64  `json:"id"`
					State string `json:"state_name"`
				} `json:"compose"`
			}
			if err := json.Unmarshal(m.Body, &body); err != nil {
				return err
			}
			if body.Compose.ID == p.first.ID {
				told[m.Topic] = append(told[m.Topic], body.Compose.State)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what the bus was told: %w", err)
	}
	want := []string{"done", "generating", "removed", "wait"}
	for _, topic := range topics {
		slices.Sort(told[topic])
		if !slices.Equal(told[topic], want) {
			p.wrong("under %s the bus was told of compose %d: %v, and should be of %v", topic, p.first.ID, told[topic], want)
		}
	}
	return nil
}

// verdict tells how all ended.
func (p *play) verdict() error {
	took := time.Since(p.began).Seconds()
	for _, err := range p.problems[p.mark:] {
		p.s.Say("          %s", p.s.Paint(screen.Red, err.Error()))
	}
	p.s.Say("")
	if err := errors.Join(p.problems...); err != nil {
		p.s.Say("%s", p.s.Paint(screen.Red, fmt.Sprintf("✘ not everything ended as it should (%.1f s)", took)))
		return err
	}
	p.s.Say("%s", p.s.Paint(screen.Green, fmt.Sprintf("✔ everything ended as it should, nothing was made twice, nothing is left over (%.1f s)", took)))
	return nil
}
