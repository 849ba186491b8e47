package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// What a Job's process ends with, for the Job's podFailurePolicy.
const (
	// jobDone: the event was dealt with.
	jobDone = 0
	// jobAgain: it was not, and is to be tried again.
	jobAgain = 1
	// jobDead: it cannot be, and is among the dead letters: EX_DATAERR of
	// sysexits.h. Trying again is of no use.
	jobDead = 65
)

const (
	// eventPath is where a JobSink mounts the event
	// (knative.dev/eventing: pkg/reconciler/jobsink), and eventFile its name there.
	eventPath = "/etc/jobsink-event"
	eventFile = "event"
	// burying is how long keeping a dead letter may take.
	burying = 10 * time.Second
)

// job is one event that is to be dealt with before the process ends. It has no
// deadline of its own, because a Job has one (activeDeadlineSeconds), at which
// the process gets SIGTERM.
type job struct {
	event event.Event
	// attempt counts from 1, of attempts; both are 0 where the Job does not tell.
	attempt, attempts int
}

// jobOf reads the event, if there is to be one.
func jobOf(env func(string) (string, bool), mode string) (j job, err error) {
	if mode != batching {
		return j, nil
	}
	path, _ := env("K_EVENT_PATH")
	if path == "" {
		path = eventPath
	}
	var problems []error
	if j.event, err = readEvent(path); err != nil {
		problems = append(problems, fmt.Errorf("K_EVENT_PATH: %w", err))
	}
	number := func(name string) int {
		text, _ := env(name)
		if text == "" {
			return -1
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %.20q is no number from 0 on", name, text))
		}
		return int(n)
	}
	failures, attempts := number("DISTAFF_JOB_FAILURES"), number("DISTAFF_JOB_ATTEMPTS")
	if failures >= 0 && attempts > 0 {
		j.attempt, j.attempts = failures+1, attempts
	}
	return j, errors.Join(problems...)
}

// readEvent reads an event in structured mode, in a file or in the directory
// that a JobSink mounts.
func readEvent(path string) (e event.Event, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, eventFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return e, fmt.Errorf("read the event: %w", err)
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(io.LimitReader(file, eventMost+1))
	switch {
	case err != nil:
		return e, fmt.Errorf("read the event: %w", err)
	case len(raw) > eventMost:
		return e, fmt.Errorf("read the event: it has more than %d bytes", eventMost)
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("read the event in %s: %w", path, err)
	}
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("read the event in %s: %w", path, err)
	}
	return e, nil
}

// run deals with the event and gives the exit code.
func (j job) run(ctx context.Context, process *distaff.Process) int {
	runner := process.Runner
	runner.Limit = -1
	if j.attempts > 0 {
		runner.Log = runner.Log.With(slog.Int("attempt", j.attempt), slog.Int("attempts", j.attempts))
	}
	err := runner.RunAll(ctx, process.Functions, j.event)
	code, _ := fn.Verdict(err)
	switch {
	case err == nil:
		return jobDone
	case code/100 == 4, j.attempts > 0 && j.attempt >= j.attempts:
		return j.bury(context.WithoutCancel(ctx), process, code, err)
	}
	return jobAgain
}

// bury keeps the event with why it failed, in the form in which a broker hands
// over dead letters. Until it is kept the Job is not over.
func (j job) bury(ctx context.Context, process *distaff.Process, code int, reason error) int {
	ctx, cancel := context.WithTimeout(ctx, burying)
	defer cancel()
	var names []string
	for _, f := range process.Functions {
		names = append(names, f.Name)
	}
	letter := j.event.Clone()
	letter.SetExtension("knativeerrordest", "http://job/"+strings.Join(names, "+")) // an address, as of any Service
	letter.SetExtension("knativeerrorcode", code)
	letter.SetExtension("knativeerrordata", base64.StdEncoding.EncodeToString([]byte(fn.Reason(reason))))
	if err := process.Bury(ctx, letter); err != nil {
		process.Runner.Log.LogAttrs(ctx, slog.LevelError, "not kept as a dead letter", slog.String("event", letter.ID()), slog.String("error", err.Error()))
		return jobAgain
	}
	return jobDead
}
