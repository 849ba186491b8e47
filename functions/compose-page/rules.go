package composepage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/page"
)

// rulesMost is how many rules are shown; each is one GET.
const rulesMost = 100

// rules gives the page of all rules.
func (s *site) rules(ctx context.Context) (reply, error) {
	all := s.Options.Rules[:min(len(s.Options.Rules), rulesMost)]
	out := page.ComposeRules{Rows: make([]page.ComposeRule, len(all))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, r := range all {
		group.Go(func() error {
			doc, err := s.Parts.Rules.Read(ctx, r.Name)
			out.Rows[i] = shown(r, doc)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return reply{}, err
	}
	return reply{code: http.StatusOK, data: out, section: "rules"}, nil
}

// rule gives the page of one rule.
func (s *site) rule(ctx context.Context, name string) (reply, error) {
	for _, r := range s.Options.Rules {
		if r.Name != name {
			continue
		}
		doc, err := s.Parts.Rules.Read(ctx, name)
		if err != nil {
			return reply{}, err
		}
		out := shown(r, doc)
		s.more(&out, r, doc)
		answer := reply{code: http.StatusOK, data: out, section: "rules"}
		if out.Busy {
			answer.refresh = refresh
		}
		return answer, nil
	}
	m := page.NoCompose{Title: "There is no such rule", Text: "It is not configured, or not any more.", Back: "rules", BackText: "All rules"}
	return reply{code: http.StatusNotFound, data: m, section: "rules"}, nil
}

// shown is a rule as it stands in the list.
func shown(r rule.Rule, doc rule.State) page.ComposeRule {
	out := page.ComposeRule{Name: r.Name, Place: placeOfRule(r.Name), Does: does(doc), When: when(r), Busy: doc.Phase != rule.Idle}
	if doc.Last.Compose != 0 {
		out.Last, out.LastPlace, out.LastAt = doc.Last.Compose, placeOf(doc.Last.Compose), doc.Last.At
	}
	return out
}

// more tells of a rule what only its own page does.
func (s *site) more(out *page.ComposeRule, r rule.Rule, doc rule.State) {
	for _, reason := range []*rule.Reason{doc.Working, doc.Pending} {
		if reason != nil {
			out.Pending = append(out.Pending, reason.Texts...)
		}
	}
	out.Pending = out.Pending[max(0, len(out.Pending)-20):]
	for i := len(doc.Trail) - 1; i >= 0; i-- {
		out.Trail = append(out.Trail, page.Happened{At: doc.Trail[i].At, Text: doc.Trail[i].Text})
	}
	if r.Latest != "" && doc.Last.Compose != 0 {
		file := s.file("latest-"+r.Latest, []string{r.Latest + ".repo"})
		out.Latest = page.Link{Text: "the .repo file", URL: file}
		out.Install = []string{fmt.Sprintf("sudo curl -fo /etc/yum.repos.d/%s.repo %s", r.Latest, file), "sudo dnf install PACKAGE"}
	}
	var text bytes.Buffer
	if json.Indent(&text, r.Request, "", "  ") == nil && text.Len() > 0 {
		out.Request = strings.Split(text.String(), "\n")
		const most = 20 // lines a page shows of a list of texts
		if len(out.Request) > most {
			out.Request = []string{oneLine(r.Request)}
		}
	}
}

func oneLine(raw json.RawMessage) string {
	var text bytes.Buffer
	_ = json.Compact(&text, raw) // it was read before
	return text.String()
}

// does says what a rule is doing.
func does(doc rule.State) string {
	switch doc.Phase {
	case rule.Quieting:
		return "Something happened; it waits until nothing more does"
	case rule.Gating:
		return "It waits for Greenwave to let pass what happened"
	case rule.Checking:
		return "It looks whether anything to install has changed"
	case rule.Making:
		return "A compose is being made for it"
	case rule.Idle:
	}
	if n := len(doc.Trail); n > 0 {
		return "Nothing to do (" + doc.Trail[n-1].Text + ")"
	}
	return "Nothing has happened yet"
}

// when says what a rule waits for.
func when(r rule.Rule) []page.Fact {
	facts := []page.Fact{}
	add := func(name string, list []string) {
		if len(list) > 0 {
			facts = append(facts, page.Fact{Name: name, Text: few(list)})
		}
	}
	add("Tags", r.When.Tags)
	if u := r.When.Updates; u != nil {
		text := []string{}
		for _, list := range [][]string{u.Releases, u.Status, u.Types} {
			if len(list) > 0 {
				text = append(text, strings.Join(list, ", "))
			}
		}
		if len(text) == 0 {
			text = []string{"all"}
		}
		add("Updates", []string{strings.Join(text, "; ")})
	}
	add("Modules", r.When.Modules)
	add("Composes", r.When.Composes)
	if r.Gate != nil {
		facts = append(facts, page.Fact{Name: "Gate", Text: r.Gate.Context + " for " + r.Gate.Product})
	}
	if r.Quiet > 0 {
		facts = append(facts, page.Fact{Name: "Quiet for", Text: page.Seconds(r.Quiet / time.Second).String()})
	}
	return facts
}
