package testingfarmtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// accept stores a new request and sets it to work.
func (f *Farm) accept(rec *record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errors.New("closed")
	}
	if err := f.save(rec); err != nil {
		return err
	}
	f.keep(rec)
	return nil
}

// keep holds a request and works on it; the caller holds the lock.
func (f *Farm) keep(rec *record) {
	f.requests[rec.Shown.ID] = rec
	f.order = append(f.order, rec.Shown.ID)
	if rec.over() {
		return
	}
	// The context exists before anybody can cancel.
	f.begin(func(closing context.Context) {
		ctx, cancel := context.WithTimeoutCause(closing, f.cfg.Timeout, fmt.Errorf("no result after %s", f.cfg.Timeout))
		defer cancel()
		f.mu.Lock()
		rec.cancel = cancel
		asked := rec.Shown.State == "cancel-requested"
		f.mu.Unlock()
		if asked {
			cancel()
		}
		f.work(ctx, closing, rec)
	})
}

// work takes a request through its states.
func (f *Farm) work(ctx, closing context.Context, rec *record) {
	began := time.Now()
	f.move(rec, "queued", nil)
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		f.end(ctx, closing, rec, Verdict{}, context.Cause(ctx))
		return
	}
	if f.take(&f.faults.NoMachine) {
		f.end(ctx, closing, rec, Verdict{}, errors.New("provisioning failed: no machine could be had"))
		return
	}
	waited := time.Now()
	f.move(rec, "running", func(s *shown) {
		s.Run = &run{Artifacts: cmp.Or(f.cfg.URL, rec.Base) + "/artifacts/" + s.ID}
		s.QueuedTime = new(waited.Sub(began).Seconds())
	})
	v, err := f.run(ctx, rec)
	f.mu.Lock()
	rec.Shown.RunTime = new(time.Since(waited).Seconds())
	f.mu.Unlock()
	f.end(ctx, closing, rec, v, err)
}

// run calls the Runner and writes what it found.
func (f *Farm) run(ctx context.Context, rec *record) (Verdict, error) {
	job := rec.job()
	if job.Compose != "" {
		if _, ok := testingfarm.ResolveCompose(f.cfg.Composes, job.Compose); !ok {
			return Verdict{}, fmt.Errorf("provisioning failed: there is no compose %s", job.Compose)
		}
	}
	job.Dir = filepath.Join(f.dir, "artifacts", job.ID)
	// What an interrupted run left is of no use.
	if err := errors.Join(os.RemoveAll(job.Dir), os.MkdirAll(job.Dir, 0o755)); err != nil {
		return Verdict{}, err
	}
	log, err := os.Create(filepath.Join(job.Dir, "pipeline.log"))
	if err != nil {
		return Verdict{}, err
	}
	defer func() { _ = log.Close() }()
	job.Log = log
	job.Logf("%s %s of task %d on %s (%s)", job.Check, job.URL, job.Task, job.Compose, job.Arch)
	v, err := f.cfg.Runner.Run(ctx, job)
	if err == nil {
		err = writeResults(job, v)
	}
	if err != nil {
		job.Logf("[E] %v", err)
		return v, err
	}
	job.Logf("%s %s", v.Overall, v.Summary)
	return v, nil
}

// end puts a request into its last state.
func (f *Farm) end(ctx, closing context.Context, rec *record, v Verdict, err error) {
	if closing.Err() != nil {
		return // the next Farm in this folder runs it again
	}
	f.mu.Lock()
	cancelled := rec.Shown.State == "cancel-requested"
	f.mu.Unlock()
	switch {
	case cancelled:
		// So says the real one of what was cancelled.
		f.move(rec, "canceled", func(s *shown) { s.Result.Overall = new("error") })
	case err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		f.move(rec, "error", func(s *shown) {
			s.Result.Overall, s.Result.Summary = new("error"), new(err.Error())
		})
	default:
		f.move(rec, "complete", func(s *shown) {
			s.Result.Overall = new(v.Overall)
			if v.Summary != "" {
				s.Result.Summary = new(v.Summary)
			}
			s.Result.XunitURL = new(s.Run.Artifacts + "/results.xml")
		})
	}
}

// stopRequest asks a request to end.
func (f *Farm) stopRequest(rec *record) {
	f.move(rec, "cancel-requested", nil)
	f.mu.Lock()
	cancel := rec.cancel
	f.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// move changes a request's state and tells its webhook. No state follows a
// last one, and only a last one follows cancel-requested.
func (f *Farm) move(rec *record, state string, change func(*shown)) {
	f.mu.Lock()
	if rec.over() || (rec.Shown.State == "cancel-requested" && state != "canceled") {
		f.mu.Unlock()
		return
	}
	rec.Shown.State = state
	rec.Shown.Updated = time.Now().UTC().Format(timeForm)
	if change != nil {
		change(&rec.Shown)
	}
	err := f.save(rec)
	over := rec.over()
	f.mu.Unlock()
	if err != nil {
		f.cfg.Log.Error("a request could not be stored", slog.String("request", rec.Shown.ID), slog.Any("error", err)) //nolint:sloglint // outlives any request
	}
	f.tell(rec, over)
}

// save writes a request where the next Farm in this folder finds it; the
// caller holds the lock.
func (f *Farm) save(rec *record) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	dir := filepath.Join(f.dir, "requests")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, rec.Shown.ID+".json")
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// load takes up the requests an earlier Farm stored.
func (f *Farm) load() error {
	files, err := filepath.Glob(filepath.Join(f.dir, "requests", "*.json"))
	if err != nil {
		return err
	}
	var old []*record
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rec := new(record)
		if err := json.Unmarshal(raw, rec); err != nil || len(rec.Shown.Environments) == 0 || rec.Shown.Test.FMF == nil {
			return fmt.Errorf("read %s: not a request", filepath.Base(path))
		}
		rec.made, _ = time.Parse(timeForm, rec.Shown.Created)
		old = append(old, rec)
	}
	slices.SortFunc(old, func(a, b *record) int {
		if c := a.made.Compare(b.made); c != 0 {
			return c
		}
		return strings.Compare(a.Shown.ID, b.Shown.ID)
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rec := range old {
		f.keep(rec)
	}
	return nil
}
