package github_test

import (
	"errors"
	"os"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

func FuzzWebhook(f *testing.F) {
	for _, name := range []string{"pull_request", "issue_comment"} {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, raw)
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		heard, err := acme.Webhook(headers(name), body)
		if err != nil {
			if !errors.Is(err, forge.ErrMalformed) {
				t.Errorf("%v is not ErrMalformed", err)
			}
			return
		}
		if (heard.Kind == "") == (heard.Ignored == "") {
			t.Fatalf("neither or both of kind and reason: %+v", heard)
		}
		if heard.Kind == "" {
			return
		}
		pr := heard.PullRequest
		if again, err := event.ParsePullRequestID(pr.String()); err != nil || again != pr.PullRequestID {
			t.Errorf("%q is read as %+v, %v", pr.String(), again, err)
		}
		if forge.CheckRepo(pr.Repo) != nil || (pr.Source != "" && forge.CheckURL(pr.Source) != nil) {
			t.Errorf("unsafe: %+v", pr)
		}
		heard.Kind.Say(pr)
	})
}
