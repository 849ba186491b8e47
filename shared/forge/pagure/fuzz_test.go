package pagure_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// sound checks what holds of whatever was read.
func sound(t *testing.T, heard forge.Heard, err error) {
	t.Helper()
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
	if forge.CheckRepo(pr.Repo) != nil || forge.CheckURL(pr.Source) != nil || forge.CheckURL(pr.URL) != nil {
		t.Errorf("unsafe: %+v", pr)
	}
	if (heard.Kind == event.PullRequestCommented) != (pr.Comment != nil) {
		t.Errorf("comment %v in %s", pr.Comment, heard.Kind)
	}
	heard.Kind.Say(pr)
}

func FuzzMessage(f *testing.F) {
	raw, err := os.ReadFile("testdata/message.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, topic := range []string{"new", "updated", "closed", "comment.added", "comment.edited"} {
		f.Add(topics+"pull-request."+topic, raw)
	}
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		heard, err := fedora.Message(topic, body)
		sound(t, heard, err)
	})
}

func FuzzWebhook(f *testing.F) {
	raw, err := os.ReadFile("testdata/message.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, topic := range []string{"pull-request.new", "pull-request.comment.added"} {
		call, err := json.Marshal(map[string]any{"topic": topic, "msg": json.RawMessage(raw), "msg_id": "1", "timestamp": 1})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(call)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		heard, err := fedora.Webhook(http.Header{}, body)
		sound(t, heard, err)
	})
}
