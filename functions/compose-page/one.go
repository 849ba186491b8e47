package composepage

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/page"
)

const (
	// refresh is after how many seconds the page of a compose that is not over
	// renews itself.
	refresh = 10
	// missingMost is how many RPMs are told that Koji does not have.
	missingMost = 20
	// largeFrom is from how many packages on what a compose is made of is not
	// read for its own page: the pages about that do.
	largeFrom = 50_000
)

// one gives the page of a compose: one GET of its document, one LIST for the
// one before it, and a GET for each of both locks if they are not known.
func (s *site) one(ctx context.Context, c compose.Compose) (reply, error) {
	form := odcs.Form(c, odcs.URLs{Composes: strings.TrimSuffix(s.URL, "/")})
	out := page.Compose{
		ID: c.ID, State: stateOf(c), Verdict: verdict(c), From: from(c.Request), Reason: reason(c), Owner: c.Owner,
		Why: c.Why, Rule: c.Rule, Submitted: c.Submitted, Ended: c.Ended, Removed: c.Removed,
		Asked: asked(c), Others: others(c), Bytes: c.Bytes, Packages: c.Packages,
		Missing: c.Missing[:min(len(c.Missing), missingMost)], MoreMissing: max(0, len(c.Missing)-missingMost),
	}
	if c.Rule != "" {
		out.RulePlace = placeOfRule(c.Rule)
	}
	if s.API != "" {
		out.API = page.Link{Text: "the compose as the API gives it", URL: fmt.Sprintf("%s/api/1/composes/%d", strings.TrimSuffix(s.API, "/"), c.ID)}
	}
	for i := len(c.Trail) - 1; i >= 0; i-- {
		out.Trail = append(out.Trail, page.Happened{At: c.Trail[i].At, Text: c.Trail[i].Text})
	}
	answer := reply{code: http.StatusOK, section: "composes"}
	switch c.State {
	case compose.Wait, compose.Generating:
		out.Described, out.Total = c.Finished, c.Total
		answer.refresh = refresh
	case compose.Done:
		out.Until = c.Expires
		// By the minute, so that the page is the same until it is another one.
		out.Left = page.Seconds(max(0, c.Expires.Sub(s.Now())/time.Minute*60))
	case compose.Failed, compose.Removed:
	}
	if c.State == compose.Done && !c.Removing {
		s.usable(&out, c, form)
	}
	if c.State != compose.Wait && c.State != compose.Generating {
		out.RenewTitle, out.Renew, out.Call = s.renewal(c)
	}
	if c.Lock != "" {
		if err := s.content(ctx, &out, c); err != nil {
			return reply{}, err
		}
	}
	answer.data = out
	return answer, nil
}

// usable tells how to install from a compose.
func (s *site) usable(out *page.Compose, c compose.Compose, form odcs.Shown) {
	if form.ToplevelURL != "" {
		out.Files = placeOfFiles(c.DirOf())
	}
	if form.ResultRepofile == "" {
		return
	}
	out.RepoFile = page.Link{Text: "the .repo file", URL: form.ResultRepofile}
	out.Install = []string{
		fmt.Sprintf("sudo curl -fo /etc/yum.repos.d/odcs-%d.repo %s", c.ID, form.ResultRepofile),
		"sudo dnf install PACKAGE",
	}
}

// renewal are the commands that keep a compose, or make it again. Nothing is
// changed by following a link.
func (s *site) renewal(c compose.Compose) (title string, command, call []string) {
	switch {
	case c.State == compose.Done && !c.Removing:
		title = "Keep it longer"
	case c.Lock != "":
		title = "Make it again, of the same packages"
	default:
		title = "Try it again"
	}
	api := strings.TrimSuffix(s.API, "/")
	line := fmt.Sprintf("distaff compose renew %d", c.ID)
	if api == "" {
		return title, []string{line}, nil
	}
	return title, []string{line + " --api " + api}, []string{
		`curl -X PATCH -H "Authorization: Bearer $DISTAFF_TOKEN" \`,
		fmt.Sprintf("  %s/api/1/composes/%d", api, c.ID),
	}
}

// others are composes that one has to do with.
func others(c compose.Compose) []page.Fact {
	var facts []page.Fact
	add := func(name string, ids ...int64) {
		for _, id := range ids {
			if id != 0 && id != c.ID {
				facts = append(facts, page.Fact{Name: name, Text: fmt.Sprintf("compose %d", id), Place: placeOf(id)})
			}
		}
	}
	add("Copy of", c.From)
	if c.State == compose.Wait || c.State == compose.Generating {
		add("Waits for", c.Leader)
	}
	add("Has the files of", c.Dir)
	add("Shares its files with", c.Sharers[:min(len(c.Sharers), namesMost)]...)
	add("Is waited for by", c.Followers[:min(len(c.Followers), namesMost)]...)
	return facts
}

// content tells what a compose is made of, and what is otherwise than before.
func (s *site) content(ctx context.Context, out *page.Compose, c compose.Compose) error {
	if c.Packages > largeFrom {
		for _, arch := range c.Request.Arches {
			out.Trees = append(out.Trees, page.ComposeTree{Name: arch, Place: placeOfTree(c.ID, arch, "os")})
		}
		return nil
	}
	is, err := s.catalogs.of(ctx, c.Lock)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range is.Trees {
		if len(t.RPMs) > 0 {
			out.Trees = append(out.Trees, page.ComposeTree{Name: treeName(t.Arch, t.Kind), Count: len(t.RPMs), Place: placeOfTree(c.ID, t.Arch, t.Kind)})
		}
	}
	before, there, err := s.before(ctx, c)
	if err != nil || !there || before.Packages > largeFrom {
		return err
	}
	out.Difference, err = s.difference(ctx, before, c, brief)
	switch {
	case out.Difference.Said == "":
	case c.From != 0:
		out.Since = "which it is a copy of"
	default:
		out.Since = "the one before it"
	}
	return err
}
