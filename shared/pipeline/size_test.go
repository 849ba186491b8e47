package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// The largest document that facts of the largest size make must fit into what
// package state writes, 256 KiB: or nothing would ever be decided on it again.
func TestTheLargestDocumentFits(t *testing.T) {
	long := strings.Repeat("long/", 40)
	r := rules()
	r.Checks = nil
	for i := range 6 {
		r.Checks = append(r.Checks, pipeline.CheckRule{ID: fmt.Sprint("check-", i), Required: true})
	}
	build := koji("closed", 100, func(b *event.Build) {
		for i := range 200 {
			b.Artifacts = append(b.Artifacts, event.Link{Name: fmt.Sprint(i, "bash-devel-5.3.0-1.fc45.x86_64.rpm"), URL: fmt.Sprint("https://kojipkgs.example/work/tasks/4567/1234567/", i, "bash-devel-5.3.0-1.fc45.x86_64.rpm")})
		}
	})
	p, _ := story(t, r, pushed("a"), released(nil), looked(func(c *event.Change) {
		for i := range 1000 {
			c.Files = append(c.Files, fmt.Sprint(long, i))
		}
	}), koji("free", 100, nil))
	for range 70 { // Koji cannot be asked, and says so at length
		p.hear(t, event.Build{PullRequestID: bash, Task: 100, Reason: long + long + long})
	}
	p.hear(t, build)
	for _, rule := range r.Checks {
		p.hear(t, func(p *play) any {
			c := p.doc.Run.Checks[rule.ID]
			test := event.Test{Label: c.Label, Request: "request-" + rule.ID, State: "failed", Text: long, URL: "https://artifacts.example/" + long, Count: 900, Bad: 900}
			test.Failure = &event.Failure{Reason: strings.Repeat("x", 300), LogURL: "https://artifacts.example/" + long}
			for range 20 {
				test.Failure.Lines = append(test.Failure.Lines, strings.Repeat("l", 400))
			}
			for i := range 50 {
				test.Cases = append(test.Cases, event.Case{Name: fmt.Sprint(long, i), Result: "failed", URL: fmt.Sprint("https://artifacts.example/", long, i)})
			}
			return event.Tests{PullRequestID: bash, Farm: "public", Batch: c.Batch, Tests: []event.Test{test}}
		})
	}
	if n := len(encode(t, p.doc)); n > 240<<10 {
		t.Errorf("the document has %d bytes", n)
	} else {
		t.Logf("the document has %d bytes", n)
	}
}
