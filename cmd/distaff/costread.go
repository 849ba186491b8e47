package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
	used "github.com/distaff-project/distaff/shared/usage"
)

// spell is one run of a pull request, and how long outside systems worked for it.
type spell struct {
	id      event.PullRequestID
	run     int
	url     string
	verdict string
	koji    time.Duration
	farm    time.Duration
}

// spent is all that was found in the bucket.
type spent struct {
	pieces []used.Piece
	runs   []spell
	// composes are those that were asked for.
	composes []compose.Compose
	// asked is what looking for it took.
	asked blob.Usage
	notes []string
}

func (s *spent) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// readSpent reads what was used since a time, and no more than most objects of a
// kind.
func readSpent(ctx context.Context, files used.Files, since, now time.Time, most int) (*spent, error) {
	counted := &counting{Files: files}
	s := new(spent)
	found, err := used.Read(ctx, counted, since, now, most)
	if err != nil {
		return nil, err
	}
	s.pieces = found.Pieces
	if found.Broken > 0 {
		s.note("%d objects below %s cannot be read", found.Broken, used.Prefix)
	}
	if found.Cut {
		s.note("only the first %d instances were read; --most %d reads more", most, 10*most)
	}
	if err := errors.Join(s.readRuns(ctx, counted, since, now, most), s.readComposes(ctx, counted, since, most)); err != nil {
		return nil, err
	}
	s.asked = counted.usage()
	return s, nil
}

// readRuns reads the runs that ended since a time, and those that are under way.
func (s *spent) readRuns(ctx context.Context, files used.Files, since, now time.Time, most int) error {
	ended, err := s.changed(ctx, files, "runs/", "/run.json", since, most)
	if err != nil {
		return err
	}
	runs, err := used.Fetch(ctx, files, ended, parseJSON[page.Run])
	if err != nil {
		return err
	}
	for i, run := range runs {
		id, number, ok := runOf(ended[i])
		if run == nil || !ok {
			s.note("%s cannot be read", ended[i])
			continue
		}
		s.runs = append(s.runs, spellOf(id, number, *run))
	}
	open, err := s.changed(ctx, files, "pr/", ".json", since, most)
	if err != nil {
		return err
	}
	documents, err := used.Fetch(ctx, files, open, parseJSON[pipeline.PullRequest])
	if err != nil {
		return err
	}
	for i, p := range documents {
		switch {
		case p == nil:
			s.note("%s cannot be read", open[i])
		case p.Run.Number > 0 && p.Run.Phase != pipeline.Over: // the others have a run.json
			s.runs = append(s.runs, spellOf(p.PullRequestID, p.Run.Number, p.View(p.Run, now)))
		}
	}
	return nil
}

// changed lists the keys below a prefix that were written since a time.
func (s *spent) changed(ctx context.Context, files used.Files, prefix, suffix string, since time.Time, most int) ([]string, error) {
	var keys []string
	for after, looked := "", 0; ; {
		list, err := files.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, info := range list {
			after = info.Key
			if strings.HasSuffix(info.Key, suffix) && !info.Modified.Before(since) {
				keys = append(keys, info.Key)
			}
		}
		if looked += len(list); len(list) < blob.ListMax {
			return keys, nil
		}
		if looked >= 10*most || len(keys) >= most {
			s.note("of %s only the first %d keys were looked at; --most %d looks at more", prefix, looked, 10*most)
			return keys[:min(most, len(keys))], nil
		}
	}
}

func parseJSON[T any](raw []byte) (T, error) {
	var value T
	err := json.Unmarshal(raw, &value)
	return value, err
}

// runOf reads runs/<document>/<number>/run.json.
func runOf(key string) (event.PullRequestID, int, bool) {
	path := strings.TrimSuffix(strings.TrimPrefix(key, "runs/"), "/run.json")
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return event.PullRequestID{}, 0, false
	}
	id, err := event.ParseDocument(path[:at])
	number, err2 := strconv.Atoi(path[at+1:])
	return id, number, err == nil && err2 == nil
}

// spellOf sums up the last attempt at each check: the build is always the first,
// and all the others are Testing Farm's.
func spellOf(id event.PullRequestID, number int, run page.Run) spell {
	out := spell{id: id, run: number, url: run.PullRequest.URL, verdict: run.Verdict}
	for i, check := range run.Checks {
		worked := time.Duration(max(0, check.Working)) * time.Second
		if i == 0 {
			out.koji += worked
		} else {
			out.farm += worked
		}
	}
	return out
}
