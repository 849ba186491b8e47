package kojitest

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
)

// task is a row of the hub's table. Server.mu guards what changes.
type task struct {
	id, parent int64
	method     string
	arch       string
	label      any // string, or nil for a task somebody asked for
	owner      *user
	request    []any
	priority   int64

	state                      koji.State
	created, started, finished time.Time
	host                       any // int64 once a builder has it
	waiting                    any // true while it waits for children
	result                     any
	fault                      *koji.Fault
	children                   []*task
	ctx                        context.Context //nolint:containedctx // ends when the task is cancelled
	cancel                     context.CancelFunc
	done                       chan struct{}
}

// row is the task as getTaskInfo gives it. Server.mu must be held.
func (t *task) row(request bool) map[string]any {
	var parent any
	if t.parent != 0 {
		parent = t.parent
	}
	row := map[string]any{
		"id": t.id, "state": int64(t.state), "parent": parent, "label": t.label,
		"method": t.method, "arch": t.arch, "owner": t.owner.id, "priority": t.priority,
		"channel_id": 1, "host_id": t.host, "weight": nil, "waiting": t.waiting, "awaited": nil,
	}
	if t.host != nil {
		row["weight"] = 1.0
	}
	putTime(row, "create", t.created)
	putTime(row, "start", t.started)
	putTime(row, "completion", t.finished)
	if request {
		row["request"] = t.request
	}
	return row
}

// putTime writes a time twice, as the hub does: as Python's isoformat(" ") and
// as seconds since 1970.
func putTime(row map[string]any, name string, at time.Time) {
	row[name+"_time"], row[name+"_ts"] = nil, nil
	if at.IsZero() {
		return
	}
	layout := "2006-01-02 15:04:05.000000+00:00"
	if at.Nanosecond()/1000 == 0 {
		layout = "2006-01-02 15:04:05+00:00"
	}
	row[name+"_time"] = at.UTC().Format(layout)
	row[name+"_ts"] = float64(at.UnixMicro()) / 1e6
}

// newTask makes a task. Server.mu must be held.
func (s *Server) newTask(parent *task, owner *user, method, arch string, label any, request []any) *task {
	s.lastTask++
	t := &task{
		id: s.lastTask, method: method, arch: arch, label: label, owner: owner,
		request: request, priority: 20, created: s.config.Now().Truncate(time.Microsecond),
		done: make(chan struct{}),
	}
	up := s.ctx
	if parent != nil {
		t.parent, t.priority = parent.id, parent.priority-1
		parent.children = append(parent.children, t)
		up = parent.ctx
	}
	t.ctx, t.cancel = context.WithCancel(up)
	s.tasks[t.id] = t
	s.order = append(s.order, t.id)
	return t
}

// set moves a task on, unless it has finished: a task that was cancelled while
// it was at work stays cancelled.
func (s *Server) set(t *task, state koji.State, result any, why *koji.Fault) bool {
	s.mu.Lock()
	ok := s.setLocked(t, state, result, why)
	s.mu.Unlock()
	s.flush()
	return ok
}

func (s *Server) setLocked(t *task, state koji.State, result any, why *koji.Fault) bool {
	if t.state.Finished() {
		return false
	}
	old, now := t.state, s.config.Now().Truncate(time.Microsecond)
	t.state, t.result, t.fault = state, result, why
	switch {
	case state == koji.Open:
		t.started, t.host = now, int64(1)
	case state.Finished():
		t.finished, t.waiting = now, false
		t.cancel()
		close(t.done)
	}
	s.announce(t, old, state)
	return true
}

// cancelAll cancels a task and what it has made. Server.mu must be held.
func (s *Server) cancelAll(t *task) {
	s.setLocked(t, koji.Canceled, nil, nil)
	for _, child := range t.children {
		s.cancelAll(child)
	}
}

// Wait waits until a task has finished and gives its state.
func (s *Server) Wait(ctx context.Context, id koji.TaskID) (koji.State, error) {
	s.mu.Lock()
	t := s.tasks[int64(id)]
	s.mu.Unlock()
	if t == nil {
		return 0, fmt.Errorf("no such task: %d", id)
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.state, nil
}
