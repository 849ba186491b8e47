package changelook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	changelook "github.com/distaff-project/distaff/functions/change-look"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
)

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

// looks is a forge that shows one pull request.
type looks struct {
	shows forge.Look
	err   error
}

func (l looks) Look(_ context.Context, id event.PullRequestID, _ string) (forge.Look, error) {
	l.shows.PullRequest = id
	if l.err != nil {
		return forge.Look{}, l.err
	}
	return l.shows, nil
}

func TestWhatAForgeShowsIsTold(t *testing.T) {
	const label = "fedora/rpms/bash/12/1/change/1"
	whole := forge.Look{
		Head: "abc", Branch: "rawhide", Source: "https://src.example/bash.git", Title: "Update", Open: true, HasSpec: true, FMF: true,
		Files: []forge.File{{Path: "bash.spec"}, {Path: "sources"}},
	}
	gone := whole
	gone.Gone = true
	merged := whole
	merged.Open, merged.Merged, merged.HasSpec, merged.Gone = false, true, false, true
	removed := whole
	removed.HasSpec, removed.SpecRemoved = false, true
	id := bash
	tests := []struct {
		name  string
		forge looks
		want  event.Change
	}{
		{"an open one", looks{shows: whole}, event.Change{Head: "abc", Branch: "rawhide", Source: whole.Source, Title: "Update", Open: true, FMF: true, Files: []string{"bash.spec", "sources"}}},
		{"one that removes the spec file", looks{shows: removed}, event.Change{Head: "abc", Branch: "rawhide", Source: whole.Source, Title: "Update", Open: true, FMF: true, NoSpec: true, Files: []string{"bash.spec", "sources"}}},
		{"a merged one, whose fork may be gone", looks{shows: merged}, event.Change{Head: "abc", Branch: "rawhide", Source: whole.Source, Title: "Update", Merged: true, FMF: true, Files: []string{"bash.spec", "sources"}}},
		{"an open one whose head cannot be read is trouble", looks{shows: gone}, event.Change{Trouble: "the head abc cannot be read"}},
		{"a forge that is down is trouble", looks{err: errors.New("pagure: 502 Bad Gateway")}, event.Change{Trouble: "pagure: 502 Bad Gateway"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := changelook.New(map[string]changelook.Forge{"fedora": tt.forge})
			drafts, err := f.Hear(t.Context(), wanted(id, label))
			if err != nil || len(drafts) != 1 {
				t.Fatalf("%v, %v", drafts, err)
			}
			var got event.Change
			if err := json.Unmarshal(drafts[0].Data, &got); err != nil {
				t.Fatal(err)
			}
			tt.want.PullRequestID, tt.want.Label = id, label
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func wanted(id event.PullRequestID, label string) event.Event {
	draft := event.ChangeLookWanted.Say(event.ChangeLook{PullRequestID: id, Label: label, Commit: "abc"})
	draft.ID = "e"
	return fn.Sent("test", draft, time.Unix(1772442000, 0))
}

func TestAnotherForgeIsNoneOfOurs(t *testing.T) {
	_, err := changelook.New(nil).Hear(t.Context(), wanted(bash, "l"))
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity {
		t.Errorf("%v", err)
	}
}
