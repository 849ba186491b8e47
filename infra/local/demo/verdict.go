package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// indexKey is where the overview of the demo's runs lies.
const indexKey = "runs/index.html"

// verdict shows how everything ended, and fails if it did not end as it should.
func (p *play) verdict(ctx context.Context, took time.Duration) error {
	p.table()
	var errs []error
	for _, sc := range p.scenes {
		errs = append(errs, p.judge(ctx, sc))
	}
	errs = append(errs, p.once(ctx), p.index(ctx), p.pages(ctx))
	if err := errors.Join(errs...); err != nil {
		p.s.Say("%s", p.s.Paint(screen.Red, fmt.Sprintf("✘ not everything ended as it should (%.1f s)", took.Seconds())))
		return err
	}
	p.s.Say("%s", p.s.Paint(screen.Green, fmt.Sprintf("✔ everything ended as it should, each build and test was asked for once (%.1f s)", took.Seconds())))
	return nil
}

// table shows every status on every pull request, as the forge has them.
func (p *play) table() {
	for _, sc := range p.scenes {
		p.s.Say("")
		p.s.Say("%s  %s", p.s.Paint(screen.Bold, fmt.Sprintf("#%d %s", sc.number, sc.title)), p.s.Paint(screen.Grey, fmt.Sprintf("%s/%s/pull-request/%d", p.w.Addresses.Forge, repo, sc.number)))
		for _, st := range p.statuses(sc) {
			look := styleOf(st.state)
			prefix := fmt.Sprintf("    %s %-26s %s %-9s ", st.commit[:7], st.check, look.symbol, st.state)
			p.s.Say("    %s %-26s %s%s", p.s.Paint(screen.Grey, st.commit[:7]), st.check,
				p.s.Paint(look.color, fmt.Sprintf("%s %-9s ", look.symbol, st.state)), p.s.Cut(prefix, st.text))
		}
	}
	p.s.Say("")
}

// judge compares how a pull request ended with how it should have.
func (p *play) judge(ctx context.Context, sc *scene) error {
	doc, err := p.document(ctx, sc)
	if err != nil {
		return err
	}
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("#%d: "+format, append([]any{sc.number}, args...)...))
	}
	head := sc.heads[len(sc.heads)-1]
	if doc.Run.Commit != head || doc.Run.Phase != pipeline.Over {
		wrong("run %d of %.7s is %s, and %.7s should be over", doc.Run.Number, doc.Run.Commit, doc.Run.Phase, head)
	}
	onForge := map[string]status{}
	for _, st := range p.statuses(sc) {
		if st.commit == head {
			onForge[st.check] = st
		} else if st.state != string(pipeline.Skipped) && !strings.Contains(st.text, "superseded") {
			wrong("%s of the older commit is %s (%s), and should be superseded", st.check, st.state, st.text)
		}
	}
	for id, want := range sc.want {
		check := doc.Run.Checks[id]
		shown := onForge[check.Name]
		if string(check.State) != want {
			wrong("%s is %s (%s), and should be %s", id, check.State, check.Text, want)
		}
		if shown.text != check.Text || shown.state != string(check.State) {
			wrong("%s is shown as %s (%s), and is %s (%s)", id, shown.state, shown.text, check.State, check.Text)
		}
		if !strings.Contains(shown.text, sc.text[id]) {
			wrong("the status of %s does not say %q: %s", id, sc.text[id], shown.text)
		}
	}
	return errors.Join(errs...)
}

// once checks that nothing was asked for twice, and that what was superseded
// was stopped.
func (p *play) once(ctx context.Context) error {
	var errs []error
	for label, n := range p.w.Farm.Counts() {
		if n != 1 {
			errs = append(errs, fmt.Errorf("the test %s was requested %d times", label, n))
		}
	}
	for _, sc := range p.scenes {
		for run := range sc.heads {
			label := pipeline.Label{PullRequest: p.id(sc), Run: run + 1, What: pipeline.Build, Attempt: 1}.String()
			tasks, err := p.hub.FindByLabel(ctx, label, p.began.Add(-time.Hour))
			if err != nil {
				errs = append(errs, fmt.Errorf("look for the build %s: %w", label, err))
				continue
			}
			wanted := 1
			if sc.want[pipeline.Build] == string(pipeline.Skipped) {
				wanted = 0
			}
			if len(tasks) != wanted {
				errs = append(errs, fmt.Errorf("the build %s was asked for %d times, and should be %d", label, len(tasks), wanted))
			}
			for _, task := range tasks {
				if older := run+1 < len(sc.heads); older && task.State != koji.Canceled {
					errs = append(errs, fmt.Errorf("the superseded build %s is %s in Koji, and should be cancelled", label, task.State))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// index puts the overview into the bucket, beside the result pages.
func (p *play) index(ctx context.Context) error {
	all, err := world.PullRequests(ctx, p.w.Files)
	if err != nil {
		return err
	}
	html, err := page.RenderIndex(world.Entries(all, p.w.Config.Rules()), time.Now())
	if err == nil {
		_, err = p.w.Files.Put(ctx, indexKey, html, blob.Any, blob.Type("text/html; charset=utf-8"), blob.CacheControl("no-cache"))
	}
	if err != nil {
		return fmt.Errorf("write the overview: %w", err)
	}
	return nil
}

// pages tells where the results are to be read.
func (p *play) pages(ctx context.Context) error {
	var errs []error
	p.s.Say("Results  %s/%s", p.w.Addresses.Pages(), indexKey)
	p.s.Say("Status page  %s", p.w.Addresses.Status())
	rules := p.w.Config.Rules()
	for _, sc := range p.scenes {
		for run := range sc.heads {
			key := pipeline.RunKey(p.id(sc), run+1) + "index.html"
			if _, err := p.w.Files.Get(ctx, key); err != nil {
				errs = append(errs, fmt.Errorf("the result page of #%d, run %d: %w", sc.number, run+1, err))
				continue
			}
			p.s.Say("    #%d  %s", sc.number, rules.Page(p.id(sc), run+1))
		}
	}
	return errors.Join(errs...)
}
