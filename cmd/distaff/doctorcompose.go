package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/state"
)

// composes looks what composes need from outside: their address, Koji's files,
// who is asked by gates and logins, and the solver.
func (d *doctor) composes(o *opened, parts distaff.Parts) []check {
	c := o.cfg.Composes
	if c == nil {
		return nil
	}
	checks := []check{
		func(ctx context.Context) []finding { return []finding{d.served(ctx, o)} },
		func(ctx context.Context) []finding {
			return []finding{d.reach(ctx, "koji files", o.cfg.Koji[c.Koji].Files, "composes cannot be made: packages are described by what Koji serves of them")}
		},
		func(context.Context) []finding { return []finding{d.solver(parts)} },
	}
	if g := o.cfg.Greenwave; g != nil {
		checks = append(checks, func(ctx context.Context) []finding {
			return []finding{d.reach(ctx, "greenwave", g.URL+"/api/v1.0/about", "rules with a gate make no compose; they ask again")}
		})
	}
	if c.Login != nil && c.Login.OIDC != nil {
		checks = append(checks, func(ctx context.Context) []finding {
			address := strings.TrimSuffix(c.Login.OIDC.Issuer, "/") + "/.well-known/openid-configuration"
			return []finding{d.reach(ctx, "issuer of tokens", address, "nobody can log in with a token; who only reads notices nothing")}
		})
	}
	return checks
}

// reach looks whether somebody answers at an address. That there is nothing is
// an answer as well.
func (d *doctor) reach(ctx context.Context, what, address, means string) finding {
	f := finding{What: what, Level: good, Text: "answers"}
	answer, err := d.ask(ctx, what, http.MethodGet, address, nil)
	switch {
	case address == "":
		f.Level, f.Text, f.Means, f.Do = bad, "has no address", means, "set it in the configuration; docs/config.md"
	case err != nil:
		f.unreachable(err, means)
	case answer.Code >= http.StatusInternalServerError:
		f.unreachable(fmt.Errorf("answers %d", answer.Code), means)
	}
	return f
}

// served looks whether what is in the bucket's composes/ is had under the address
// that clients are told: the same bytes, and parts of them.
func (d *doctor) served(ctx context.Context, o *opened) finding {
	f := finding{What: "composes' address", Level: good}
	base := strings.TrimSuffix(o.cfg.Composes.URL, "/")
	page, err := o.files.List(ctx, composesAt, "", 1)
	if err != nil {
		return unread(f.What, err)
	}
	if len(page) == 0 {
		f = d.reach(ctx, f.What, base+"/", "dnf will not be able to install from composes")
		if f.Level == good {
			f.Text += "; there is no compose yet to try it with"
		}
		return f
	}
	address := base + "/" + strings.TrimPrefix(page[0].Key, composesAt)
	object, err := o.files.Get(ctx, page[0].Key)
	if errors.Is(err, blob.ErrNotFound) || err == nil && len(object.Body) < 2 {
		f.Level, f.Text = unknown, "what was to be tried was removed just now: ask again"
		return f
	}
	if err != nil {
		return unread(f.What, err)
	}
	answer, err := d.ask(ctx, f.What, http.MethodGet, address, map[string]string{"Range": "bytes=1-1"})
	const means = "dnf cannot install from composes, though they are there"
	switch {
	case err != nil:
		f.unreachable(err, means)
	case answer.Code == http.StatusPartialContent && bytes.Equal(answer.Body, object.Body[1:2]):
		f.Text = base + " serves the bucket's " + composesAt + ", also in parts"
	case answer.Code == http.StatusOK && bytes.Equal(answer.Body, object.Body):
		f.Level, f.Text = soon, base+" serves the bucket's "+composesAt+", but only whole files"
		f.Means, f.Do = "downloads that broke off begin anew; tools that read parts of files read all", "let whatever serves it hand on the header Range"
	default:
		f.Level, f.Text, f.Means = bad, fmt.Sprintf("%s answers %d, or something else than the bucket has", address, answer.Code), means
		f.Do = "distaff bucket init --public" + d.flagged + ", or let a gateway or a CDN serve composes/ of the bucket there (docs/composes.md); is composes.url right?"
	}
	return f
}

// solver tells whether dependencies can be resolved. On a cluster the image of
// compose-make has the solver, not this machine.
func (d *doctor) solver(parts distaff.Parts) finding {
	f := finding{What: "dependency solver", Level: good, Text: "is here"}
	switch {
	case !d.local():
		f.Level, f.Text = unknown, "is in the image of compose-make, or not: a release with the image function-solver has it (docs/images.md)"
	case parts.Composes.Make.Solver == nil:
		f.Level, f.Text = soon, "is not here"
		f.Means = "requests that need dependencies resolved are refused, with words; whole tags and no_deps work"
		f.Do = "install dnf, or python3-hawkey"
	}
	return f
}

const (
	// composesAt is what everybody may read of the bucket.
	composesAt = "composes/"
	// behindSoon and behindBad are how old a change may be that the list has not
	// taken up.
	behindSoon = 10 * time.Minute
	behindBad  = 2 * time.Hour
	// failedMost is how many of the newest failures are looked at.
	failedMost = 50
)

// composeList looks whether the list of composes is kept short.
func (d *doctor) composeList(ctx context.Context, o *opened) []finding {
	if o.cfg.Composes == nil {
		return nil
	}
	f := finding{What: "list of composes", Level: good, Text: "has taken up all changes"}
	page, err := o.files.List(ctx, "compose/list/new/", "", blob.ListMax)
	if err != nil {
		return []finding{unread(f.What, err)}
	}
	if len(page) == 0 {
		return []finding{f}
	}
	oldest := page[0].Modified
	for _, info := range page {
		if info.Modified.Before(oldest) {
			oldest = info.Modified
		}
	}
	age := d.now().Sub(oldest).Round(time.Second)
	f.Text = fmt.Sprintf("%d changes are to be taken up, the oldest %s ago", len(page), age)
	switch {
	case d.away:
	case age > behindBad || len(page) == blob.ListMax:
		f.Level = bad
	case age > behindSoon:
		f.Level = soon
	}
	if f.Level != good {
		f.Means = "the API reads each of them at every listing: it gets slow and dear, and stays right"
		f.Do = "does compose-index run? distaff dead group --function compose-index" + d.flagged + "; the next change of any compose lets it take up all"
	}
	return []finding{f}
}

// composeFailures looks for composes that the machinery failed, and not what was
// asked for.
func (d *doctor) composeFailures(ctx context.Context, o *opened) []finding {
	if o.cfg.Composes == nil {
		return nil
	}
	f := finding{What: "failed composes", Level: good, Text: "none of late by the machinery's fault"}
	desk := compose.NewDesk(state.New(o.files), compose.Rules{}, nil)
	failed := compose.Failed
	page, err := index.NewList(o.files, desk.Read).Find(ctx, index.Query{State: &failed, Descending: true, Take: failedMost})
	if err != nil {
		return []finding{unread(f.What, err)}
	}
	var ours []compose.Compose
	for _, c := range page.Composes {
		if d.now().Sub(c.Ended) < 24*time.Hour && strings.Contains(c.Reason, "stuck in") {
			ours = append(ours, c)
		}
	}
	if len(ours) > 0 {
		f.Level = soon
		f.Text = fmt.Sprintf("%d within a day, the last is %d: %s", len(ours), ours[0].ID, plain(ours[0].Reason))
		f.Means = "nothing was heard of their making for hours: compose-make, Koji or the bucket failed, not who asked"
		f.Do = fmt.Sprintf("distaff why compose %d%s; once it is mended: distaff compose renew %d", ours[0].ID, d.flagged, ours[0].ID)
	}
	return []finding{f}
}

// bindings looks whether the queue is bound to what rules wait for, as far as the
// configuration tells.
func (d *doctor) bindings(o *opened) []finding {
	c := o.cfg.Composes
	if c == nil || len(c.Rules) == 0 {
		return nil
	}
	f := finding{What: "rules", Level: good, Text: fmt.Sprintf("%d, and the queue is bound to what they wait for", len(c.Rules))}
	var missing []string
	outside := false
	for _, r := range c.Rules {
		missing = append(missing, unbound(r, o.cfg)...)
		outside = outside || len(topicsOf(r)) > 0
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	switch {
	case o.cfg.Bus == nil && outside:
		f.Level, f.Text = bad, "there is no bus, and rules wait for tags, updates or modules"
		f.Means, f.Do = "they never hear of any", "set bus; docs/config.md"
	case len(missing) > 0:
		f.Level, f.Text = bad, "the queue is not bound to "+strings.Join(missing, ", ")
		f.Means, f.Do = "rules that wait for it look once an hour only", "add them to bus.bindings, or have whoever made the queue bind it"
	case o.cfg.Bus != nil && outside && len(o.cfg.Bus.Bindings) == 0:
		f.Text = fmt.Sprintf("%d; what the queue is bound to is not in the configuration", len(c.Rules))
	}
	return []finding{f}
}
