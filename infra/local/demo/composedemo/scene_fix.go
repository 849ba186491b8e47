package composedemo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/koji"
)

// fix tags a security fix that is not released, and installs it.
func (p *play) fix(ctx context.Context) error {
	p.step("a security fix of fetch is built; it is in no release and no update yet")
	commit, err := p.w.Forge.Push(ctx, "anna", "rpms/fetch", "rawhide", fixed())
	if err != nil {
		return err
	}
	if _, err := p.koji(ctx, map[string]string{"fetch": commit}); err != nil {
		return err
	}
	before := p.tally()
	p.step("it is tagged into %s. Nobody asks for anything", security)
	began := time.Now()
	if err := p.w.Koji.Tag(security, "fetch-1.0-2.fc45", "security-team"); err != nil {
		return err
	}
	pointer := p.w.Addresses.Composes() + "/latest-" + security
	id, err := p.latest(ctx, pointer)
	if err != nil {
		return err
	}
	ready := time.Since(began)
	cost := p.tally().since(before)
	repofile, err := fetch(ctx, pointer+"/"+security+".repo")
	if err != nil {
		return err
	}
	installed, err := p.installer.install(ctx, repofile, "upgrade", "fetch")
	if err != nil {
		return err
	}
	all := time.Since(began)
	p.installed(installed, "fetch-1.0-2.fc45.noarch", "weather-1.0-1.fc45."+machine(), "weather-icons-1.0-1.fc45.noarch")
	c, err := p.document(ctx, id)
	if err != nil {
		return err
	}
	if c.State != compose.Done || c.Owner != "rule:"+security {
		p.wrong("compose %d is %s and of %s, and should be done and of rule:%s", id, c.State, c.Owner, security)
	}
	p.result(fmt.Sprintf("dnf installed the fix %.1f s after it was tagged", all.Seconds()),
		fmt.Sprintf("%.2f s: the bus, heard four times a second here, told of the tag; the rule %s wanted a compose, and latest-%s leads to compose %d", ready.Seconds(), security, security, id),
		fmt.Sprintf("%.2f s: dnf has read it and installed %s", all.Seconds(), strings.Join(installed, "  ")),
		cost.String())
	return nil
}

// latest waits until a pointer leads to a compose, and gives its number.
func (p *play) latest(ctx context.Context, pointer string) (id int64, err error) {
	var told struct {
		Compose int64 `json:"compose"`
	}
	err = p.until(ctx, pointer, func() (bool, error) {
		raw, err := fetch(ctx, pointer+"/latest.json")
		if errors.Is(err, errGone) {
			return false, nil
		}
		if err == nil {
			err = json.Unmarshal(raw, &told)
		}
		return told.Compose > 0, err
	})
	return told.Compose, err
}

// unchanged tells the rule of the tag once more, though nothing changed.
func (p *play) unchanged(ctx context.Context) error {
	if err := p.w.Wait(ctx); err != nil {
		return err
	}
	said, err := p.said(ctx)
	if err != nil {
		return err
	}
	rounds, composes, err := p.progress(ctx)
	if err != nil {
		return err
	}
	p.step("the bus tells of the same tag once more")
	before, began := p.tally(), time.Now()
	p.w.Bus.Publish(said.Topic, nil, said.Body)
	var after rule.State
	err = p.until(ctx, "the rule to have looked", func() (done bool, err error) {
		after, err = p.rule(ctx)
		return after.Round > rounds && after.Phase == rule.Idle, err
	})
	if err != nil {
		return err
	}
	took, cost := time.Since(began), p.tally().since(before)
	_, now, err := p.progress(ctx)
	if err != nil {
		return err
	}
	if now != composes {
		p.wrong("there are %d composes more, and should be none", now-composes)
	}
	if cost.all() != 1 || cost.files != 0 {
		p.wrong("Koji was asked %v and for %s, and should be asked once", cost.calls, count(cost.files, "file"))
	}
	line := after.Trail[len(after.Trail)-1].Text
	p.result(fmt.Sprintf("no compose was made: %s, in %.2f s", strings.TrimPrefix(line, fmt.Sprintf("round %d: ", after.Round)), took.Seconds()),
		cost.String(), "the one call: "+strings.Join(slices.Collect(maps.Keys(cost.calls)), " "))
	return nil
}

// said is what the bus told of the fix's tag.
func (p *play) said(ctx context.Context) (fedmsg.Message, error) {
	var last fedmsg.Message
	topic := "org.fedoraproject.prod.buildsys.tag"
	now := p.clock.now()
	err := fedmsg.Archive{Base: p.w.Addresses.Datagrepper()}.Since(ctx, []string{topic}, now.Add(-time.Hour), now.Add(time.Minute), func(page []fedmsg.Message) error {
		for _, m := range page {
			if c, err := koji.ParseTagChange(m.Topic, m.Body); err == nil && c.Tag == security {
				last = m
			}
		}
		return nil
	})
	if err == nil && last.ID == "" {
		err = fmt.Errorf("the bus did not tell of a build in %s", security)
	}
	return last, err
}

// progress is how often the rule worked, and how many composes there are.
func (p *play) progress(ctx context.Context) (rounds, composes int, err error) {
	is, err := p.rule(ctx)
	if err != nil {
		return 0, 0, err
	}
	all, err := world.Composes(ctx, p.w.Files)
	return is.Round, len(all), err
}
