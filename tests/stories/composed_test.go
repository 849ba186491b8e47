package stories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/fedmsg"
)

// composes is how all composes stand in the end, and what the pointers lead to.
func (p *player) composes() (string, error) {
	all, err := world.Composes(p.ctx, p.world.Files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range all {
		where := "nothing"
		objects, err := p.world.Files.List(p.ctx, fmt.Sprintf("composes/odcs-%d/", c.DirOf()), "", 1)
		if err != nil {
			return "", err
		}
		if len(objects) > 0 && c.Content != "" {
			where = fmt.Sprintf("odcs-%d", c.DirOf())
		}
		fmt.Fprintf(&b, "%d  %-10s %s  %d packages in %s\n", c.ID, c.State, c.Owner, c.Packages, where)
		for _, line := range c.Trail {
			fmt.Fprintf(&b, "   %s\n", p.names.of(line.Text))
		}
		fmt.Fprintf(&b, "   = %s\n", strings.ReplaceAll(p.names.of(c.Reason), "\n", " / "))
	}
	pointers, err := p.pointers(p.ctx)
	return b.String() + pointers, err
}

func (p *player) pointers(ctx context.Context) (string, error) {
	objects, err := p.world.Files.List(ctx, "composes/latest-", "", 0)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, o := range objects {
		name, found := strings.CutSuffix(strings.TrimPrefix(o.Key, "composes/"), "/latest.json")
		if !found {
			continue
		}
		var told struct {
			Compose int64  `json:"compose"`
			ID      string `json:"compose_id"`
		}
		object, err := p.world.Files.Get(ctx, o.Key)
		if err == nil {
			err = json.Unmarshal(object.Body, &told)
		}
		if err != nil {
			return "", errors.Join(err)
		}
		fmt.Fprintf(&b, "%s leads to compose %d in %s\n", name, told.Compose, told.ID)
	}
	return b.String(), nil
}

// bus is what the bus was told of composes.
func (p *player) bus() (string, error) {
	var b strings.Builder
	now := p.clock.now()
	for _, topic := range []string{"odcs.compose.state-changed", "odcs.state.change"} {
		var told []string
		archive := fedmsg.Archive{Base: p.world.Addresses.Datagrepper()}
		err := archive.Since(p.ctx, []string{topicPrefix + topic}, now.Add(-7*24*time.Hour), now, func(page []fedmsg.Message) error {
			for _, m := range page {
				var body struct {
					Event   string `json:"event"`
					Compose struct {
						ID    int64  `json:"id"`
						State int    `json:"state"`
						Name  string `json:"state_name"`
					} `json:"compose"`
				}
				if err := json.Unmarshal(m.Body, &body); err != nil {
					return err
				}
				told = append(told, fmt.Sprintf("%s: compose %d %d %s\n", body.Event, body.Compose.ID, body.Compose.State, body.Compose.Name))
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		slices.Sort(told) // what is said in one second has no order in the archive
		fmt.Fprintf(&b, "%s\n   %s", topic, strings.Join(told, "   "))
	}
	return b.String(), nil
}
