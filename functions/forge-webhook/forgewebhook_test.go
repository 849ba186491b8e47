package forgewebhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	forgewebhook "github.com/distaff-project/distaff/functions/forge-webhook"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// hooks is a forge whose hooks say in plain words what happened.
type hooks struct{}

var errUnsigned = errors.New("the signature is not ours")

func (hooks) Verify(header http.Header, _ []byte) error {
	if header.Get("Signature") != "good" {
		return errUnsigned
	}
	return nil
}

func (hooks) Webhook(header http.Header, body []byte) (forge.Heard, error) {
	pr := event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: "github", Repo: "acme/bash", Number: 7}, Branch: "main",
		Updated: time.Date(2026, 3, 2, 8, 59, 0, 0, time.UTC),
	}
	heard := forge.Heard{ID: header.Get("Delivery"), PullRequest: pr}
	switch string(body) {
	case "opened":
		heard.Kind = event.PullRequestOpened
	case "commented":
		heard.Kind = event.PullRequestCommented
	case "labelled":
		heard.Ignored = "a label was added"
	case "pinged":
		return forge.Ignore("a ping"), nil
	case "broken":
		return heard, errors.New("no token")
	default:
		return heard, forge.Malformed("%.20q is no hook", body)
	}
	return heard, nil
}

type desk struct {
	*mem.Store
	now time.Time
	put error
}

func (d *desk) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if d.put != nil {
		return "", d.put
	}
	return d.Store.Put(ctx, key, body, cond, opts...)
}

func (d *desk) call(t *testing.T, method, path, body, signature, delivery string) (int, string, []event.Draft, error) {
	t.Helper()
	bucket := state.New(d)
	bucket.Now = func() time.Time { return d.now }
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Signature", signature)
	req.Header.Set("Delivery", delivery)
	answer, drafts, err := forgewebhook.New(bucket, map[string]forgewebhook.Forge{"github": hooks{}}).Web(t.Context(), req)
	return answer.Code, answer.Text, drafts, err
}

func newDesk() *desk {
	return &desk{Store: mem.New(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func (d *desk) keys(t *testing.T, prefix string) []string {
	t.Helper()
	page, err := d.List(t.Context(), prefix, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, info := range page {
		keys = append(keys, info.Key)
	}
	return keys
}

func TestCalls(t *testing.T) {
	tests := []struct {
		name, method, path, body, signature string
		code                                int
		said                                string
		stored                              int
	}{
		{"a pull request", http.MethodPost, "/github", "opened", "good", http.StatusAccepted, "distaff.pull-request.opened", 2},
		{"a path with a slash behind", http.MethodPost, "/github/", "opened", "good", http.StatusAccepted, "distaff.pull-request.opened", 2},
		{"a comment, which nothing waits for", http.MethodPost, "/github", "commented", "good", http.StatusAccepted, "distaff.pull-request.commented", 1},
		{"what nothing follows from", http.MethodPost, "/github", "labelled", "good", http.StatusAccepted, "", 1},
		{"a ping", http.MethodPost, "/github", "pinged", "good", http.StatusAccepted, "", 1},
		{"a bad signature", http.MethodPost, "/github", "opened", "bad", http.StatusUnauthorized, "", 0},
		{"an unknown forge", http.MethodPost, "/gitlab", "opened", "good", http.StatusNotFound, "", 0},
		{"no forge", http.MethodPost, "/", "opened", "good", http.StatusNotFound, "", 0},
		{"a look with a browser", http.MethodGet, "/github", "", "good", http.StatusMethodNotAllowed, "", 0},
		{"a malformed body", http.MethodPost, "/github", "{", "good", http.StatusBadRequest, "", 0},
		{"a malformed body that is not signed", http.MethodPost, "/github", "{", "bad", http.StatusUnauthorized, "", 0},
		{"a body of the largest size", http.MethodPost, "/github", strings.Repeat("x", forge.MaxWebhook), "good", http.StatusBadRequest, "", 0},
		{"one byte more", http.MethodPost, "/github", strings.Repeat("x", forge.MaxWebhook+1), "good", http.StatusRequestEntityTooLarge, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk()
			code, text, drafts, err := d.call(t, tt.method, tt.path, tt.body, tt.signature, "delivery-1")
			if err != nil || code != tt.code || len(text) > 4000 {
				t.Fatalf("answered %d %.100q, %v", code, text, err)
			}
			said := ""
			for _, draft := range drafts {
				said += draft.Type
			}
			if keys := d.keys(t, ""); said != tt.said || len(keys) != tt.stored {
				t.Errorf("said %q, stored %v", said, keys)
			}
		})
	}
}

func TestAReplayIsTheSameFact(t *testing.T) {
	for name, delivery := range map[string]string{"by the forge's id": "delivery-1", "by what it says, where it has no id": ""} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			_, _, first, err := d.call(t, http.MethodPost, "/github", "opened", "good", delivery)
			if err != nil {
				t.Fatal(err)
			}
			d.now = d.now.Add(time.Hour)
			_, _, second, err := d.call(t, http.MethodPost, "/github", "opened", "good", delivery)
			if err != nil || first[0].ID != second[0].ID || first[0].ID == "" {
				t.Errorf("%s, then %s, %v", first[0].ID, second[0].ID, err)
			}
			if keys := d.keys(t, "events/"); len(keys) != 1 {
				t.Errorf("stored as %v", keys)
			}
			if second[0].Attributes[event.Due] != d.keys(t, state.DuePrefix)[1] {
				t.Errorf("the due entry is %q of %v", second[0].Attributes[event.Due], d.keys(t, state.DuePrefix))
			}
		})
	}
}

func TestTheReasonWhyNothingFollowsIsKept(t *testing.T) {
	d := newDesk()
	_, text, _, err := d.call(t, http.MethodPost, "/github", "labelled", "good", "delivery-1")
	keys := d.keys(t, "events/github/acme/bash/7/")
	if err != nil || len(keys) != 1 || text != "nothing follows: a label was added" {
		t.Fatalf("answered %q, stored %v, %v", text, d.keys(t, ""), err)
	}
	object, err := d.Get(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Data event.Ignored }
	if err := json.Unmarshal(object.Body, &kept); err != nil || kept.Data.Reason != "a label was added" || kept.Data.Number != 7 {
		t.Errorf("%s, %v", object.Body, err)
	}
}

func TestWhatCouldNotBeStoredIsNotHeard(t *testing.T) {
	for _, body := range []string{"opened", "commented", "labelled"} {
		d := newDesk()
		d.put = errors.New("503 Slow Down")
		if _, _, _, err := d.call(t, http.MethodPost, "/github", body, "good", "delivery-1"); err == nil {
			t.Errorf("%s is answered as if it were safe", body)
		}
	}
	d := newDesk()
	if _, _, _, err := d.call(t, http.MethodPost, "/github", "broken", "good", "delivery-1"); err == nil {
		t.Error("a forge that breaks down while reading is no error")
	}
}
