package github_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/github"
)

const head = "5f0c9c1f3f6f6f0f8a6f6d9f4f7a1b2c3d4e5f60"

var acme = github.Config{Name: "acme", URL: "https://github.example", Self: []string{"distaff[bot]"}}

type object = map[string]any

// payload reads a file of testdata and changes it.
func payload(t testing.TB, name string, change func(object)) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var body object
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return raw
	}
	change(body)
	if raw, err = json.Marshal(body); err != nil {
		t.Fatal(err)
	}
	return raw
}

func headers(event string) http.Header {
	h := http.Header{}
	h.Set("X-GitHub-Event", event)
	h.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	return h
}

func in(body object, names ...string) object {
	for _, name := range names {
		body, _ = body[name].(object)
	}
	return body
}

func hello() event.PullRequest {
	return event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: "acme", Repo: "acme/hello", Number: 7},
		URL:           "https://github.example/acme/hello/pull/7",
		Title:         "Update to 2.13", Author: "carol", Agent: "carol",
		Branch: "main", Commit: head, SourceBranch: "update",
		Source: "https://github.example/carol/hello.git", SourceURL: "https://github.example/carol/hello",
		Updated: time.Date(2026, 6, 15, 15, 10, 0, 0, time.UTC),
	}
}

func TestActionsTellWhatHappened(t *testing.T) {
	for _, tt := range []struct {
		action string
		change func(object)
		want   event.Kind[event.PullRequest]
		reason string
	}{
		{action: "opened", want: event.PullRequestOpened},
		{action: "synchronize", want: event.PullRequestUpdated},
		{action: "reopened", want: event.PullRequestReopened},
		{action: "closed", want: event.PullRequestClosed},
		{action: "closed", want: event.PullRequestMerged, change: func(b object) { in(b, "pull_request")["merged"] = true }},
		{action: "edited", want: event.PullRequestUpdated, change: func(b object) { b["changes"] = object{"base": object{"ref": object{"from": "f44"}}} }},
		{action: "edited", want: event.PullRequestUpdated, change: func(b object) { b["changes"] = object{"title": object{"from": "x"}} }},
		{action: "edited", reason: "pull_request edited: neither target branch nor title changed", change: func(b object) { b["changes"] = object{"body": object{"from": "x"}} }},
		{action: "labeled", reason: "pull_request labeled: it asks for nothing"},
		{action: "synchronized", reason: "pull_request synchronized: it asks for nothing"}, // Forgejo's word
	} {
		heard, err := acme.Webhook(headers("pull_request"), payload(t, "pull_request", func(b object) {
			b["action"] = tt.action
			if tt.change != nil {
				tt.change(b)
			}
		}))
		want := forge.Heard{Kind: tt.want, Ignored: tt.reason, ID: "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
		if tt.want != "" {
			want.PullRequest = hello()
		}
		if diff := cmp.Diff(want, heard); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.action, err, diff)
		}
	}
}

func TestACommentOfAPullRequestNamesNoCommit(t *testing.T) {
	for action, edited := range map[string]bool{"created": false, "edited": true} {
		heard, err := acme.Webhook(headers("issue_comment"), payload(t, "issue_comment", func(b object) { b["action"] = action }))
		want := forge.Heard{
			Kind: event.PullRequestCommented, ID: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
			PullRequest: event.PullRequest{
				PullRequestID: event.PullRequestID{Forge: "acme", Repo: "acme/hello", Number: 7},
				URL:           "https://github.example/acme/hello/pull/7",
				Title:         "Update to 2.13", Author: "carol", Agent: "dave",
				Updated: time.Date(2026, 6, 15, 15, 20, 0, 0, time.UTC),
				Comment: &event.Comment{ID: "900719925474099", Author: "dave", Text: "/distaff test rpmlint", Edited: edited},
			},
		}
		if diff := cmp.Diff(want, heard); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", action, err, diff)
		}
	}
}

func TestWhatAsksForNothingIsIgnoredWithTheReason(t *testing.T) {
	for _, tt := range []struct {
		name, event, file string
		change            func(object)
		want              string
	}{
		{"a comment of an issue", "issue_comment", "issue_comment", func(b object) { delete(in(b, "issue"), "pull_request") }, "issue_comment: #7 is an issue"},
		{"a removed comment", "issue_comment", "issue_comment", func(b object) { b["action"] = "deleted" }, "issue_comment deleted: it asks for nothing"},
		{"our own comment", "issue_comment", "issue_comment", func(b object) { in(b, "comment", "user")["login"] = "distaff[bot]" }, "comment 900719925474099 is our own"},
		{"our own check run", "check_run", "pull_request", nil, "check_run: a status, maybe our own, asks for nothing"},
		{"a push", "push", "pull_request", nil, "push: one to a pull request comes as pull_request synchronize as well"},
		{"a ping", "ping", "pull_request", nil, "ping: it asks for nothing"},
		{"an event nobody knows yet", "teleported", "pull_request", nil, "teleported: it asks for nothing"},
		{
			"another instance", "pull_request", "pull_request",
			func(b object) { in(b, "repository")["html_url"] = "https://github.com/acme/hello" },
			"it is about https://github.com/acme/hello, which is not on https://github.example",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard, err := acme.Webhook(headers(tt.event), payload(t, tt.file, tt.change))
			if err != nil || heard.Kind != "" || heard.Ignored != tt.want {
				t.Errorf("got %+v, %v", heard, err)
			}
		})
	}
}

func TestOfADeletedForkTheRepositoryHasTheCommits(t *testing.T) {
	heard, err := acme.Webhook(headers("pull_request"), payload(t, "pull_request", func(b object) { in(b, "pull_request", "head")["repo"] = nil }))
	if err != nil || heard.PullRequest.Source != "https://github.example/acme/hello.git" {
		t.Errorf("%+v, %v", heard, err)
	}
}

func TestMalformedCallsAreErrors(t *testing.T) {
	for name, change := range map[string]func(object){
		"no pull request":     func(b object) { delete(b, "pull_request") },
		"no repository":       func(b object) { delete(b, "repository") },
		"no number":           func(b object) { delete(in(b, "pull_request"), "number") },
		"no head":             func(b object) { delete(in(b, "pull_request"), "head") },
		"a short commit":      func(b object) { in(b, "pull_request", "head")["sha"] = head[:7] },
		"a branch of spaces":  func(b object) { in(b, "pull_request", "base")["ref"] = "  " },
		"a path upwards":      func(b object) { in(b, "repository")["html_url"] = "https://github.example/../x" },
		"a path too long":     func(b object) { in(b, "repository")["html_url"] = "https://github.example/a/b/c" },
		"a fork elsewhere":    func(b object) { in(b, "pull_request", "head", "repo")["html_url"] = "https://evil.example/a/b" },
		"a time in words":     func(b object) { in(b, "pull_request")["updated_at"] = "yesterday" },
		"a number as a word":  func(b object) { in(b, "pull_request")["number"] = "seven" },
		"a repository's name": func(b object) { b["repository"] = "acme/hello" },
	} {
		if heard, err := acme.Webhook(headers("pull_request"), payload(t, "pull_request", change)); !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, heard, err)
		}
	}
	for name, body := range map[string]string{"not JSON": "payload=%7B%7D", "an array": "[]", "nothing": "", "too much": strings.Repeat(" ", forge.MaxWebhook+1)} {
		if _, err := acme.Webhook(headers("pull_request"), []byte(body)); !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := acme.Webhook(http.Header{}, payload(t, "pull_request", nil)); !errors.Is(err, forge.ErrMalformed) {
		t.Errorf("without its event: %v", err)
	}
	if _, err := acme.Webhook(headers("issue_comment"), payload(t, "issue_comment", func(b object) { delete(b, "comment") })); !errors.Is(err, forge.ErrMalformed) {
		t.Errorf("a comment without one: %v", err)
	}
}

// The signature was made with openssl:
// printf '{"zen":"x"}' | openssl dgst -sha256 -hmac secret.
func TestAWebHookIsFromWhoeverKnowsTheSecret(t *testing.T) {
	const body, signature = `{"zen":"x"}`, "sha256=9250fbcd686ee76dcfaf2b0f081f684df421048e55f55c661af768a3c81b3f87"
	for _, tt := range []struct {
		name, signature string
		secrets         []string
		good            bool
	}{
		{"signed", signature, []string{"secret"}, true},
		{"signed with the old secret", signature, []string{"new", "secret"}, true},
		{"another secret", signature, []string{"other"}, false},
		{"not signed", "", []string{"secret"}, false},
		{"bare digits", strings.TrimPrefix(signature, "sha256="), []string{"secret"}, false},
		{"sha1", "sha1=d70e8c1fe5be77515021e7b63602415d3a95f073", []string{"secret"}, false},
		{"no secret", signature, nil, false},
		{"an empty secret", "sha256=fc0e2c319e4cbf8b5381728f710a4d2696a74d1542b0bad0d0a45227b822b44b", []string{""}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{"X-Hub-Signature-256": {tt.signature}}
			if err := github.Verify(header, []byte(body), tt.secrets); (err == nil) != tt.good || (err != nil && !errors.Is(err, github.ErrSignature)) {
				t.Errorf("%v", err)
			}
		})
	}
}
