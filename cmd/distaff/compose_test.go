package main

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

var (
	datePattern = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d|\b\d\d-\d\d \d\d:\d\d`)
	leftPattern = regexp.MustCompile(`in \d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?`)
)

func TestAComposeIsNamedInManyWays(t *testing.T) {
	for text, want := range map[string]int64{
		"12": 12, "odcs-12": 12, "#12": 12, "compose 12": 12, "odcs-12-1-20261121.t.0": 12,
		"https://c.example/composes/odcs-12/compose/Temporary/odcs-12.repo": 12,
		"https://c.example/api/1/composes/12":                               12,
		"https://c.example/compose-page/12":                                 12,
		"https://c.example/compose-page/12.json":                            12,
		"":                                                                  0, "0": 0, "-1": 0, "twelve": 0, "12x": 0, "99999999999999999999": 0,
	} {
		if got, err := composeID(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestWhatComesFromOthersDoesNotReachTheTerminal(t *testing.T) {
	var s recorded
	evil := "x\x1b]0;owned\x07\x1b[2J\u202e\ny"
	s.streams().compose(client.Compose{
		ID: 1, State: compose.Failed, Reason: evil, Owner: evil, Source: evil, Packages: evil, Arches: evil, RepoFile: evil, Repo: evil, Label: evil, Sigkeys: evil,
		More: &odcs.More{Missing: []string{evil}, Why: evil, Trail: []compose.Line{{Text: evil}}},
	}, time.Unix(0, 0), "")
	s.streams().composes([]client.Compose{{ID: 1, Owner: evil, Source: evil}})
	for _, r := range s.out.String() {
		if r < ' ' && r != '\n' || r == 0x7f || r == 0x202e {
			t.Fatalf("%q is written: %q", r, s.out.String())
		}
	}
}

// interrupted is a compose that is being made when somebody presses Ctrl-C.
type interrupted struct{ stop context.CancelFunc }

func (i interrupted) Get(_ context.Context, id int64) (client.Compose, error) {
	i.stop()
	return client.Compose{ID: id, State: compose.Generating}, nil
}

func TestWhoStopsWaitingIsToldHowToGoOn(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var s recorded
	err := (&following{as: "table"}).waitFor(ctx, s.streams(), interrupted{stop}, 12, " --config fedora.yaml")
	var exit *exitError
	if !errors.As(err, &exit) || exit.code != exitInterrupt || exit.err != nil {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"being made all the same", "distaff compose wait 12 --config fedora.yaml", "distaff compose delete 12 --config fedora.yaml"} {
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%q is not in %q", want, s.err.String())
		}
	}
}

func TestATableFitsTheTerminal(t *testing.T) {
	rows := [][]string{{"ID", "MADE OF", "OWNER"}, {"1", "tag f45-updates (bash zsh coreutils and 12 more)", "anna"}}
	got := fitted(rows, 1, 40)
	if got[1][1] != "tag f45-updates (bash zsh co…" {
		t.Errorf("%q", got[1][1])
	}
}
