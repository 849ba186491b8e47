package koji

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// batch is how many tasks one call asks for. A hub needs about a millisecond
// for each, and takes calls up to 4 MiB.
const batch = 500

// Tasks looks tasks up, in the order of ids. A number without a task gives a
// Task with Found false.
func (h *Hub) Tasks(ctx context.Context, ids []TaskID) ([]Task, error) {
	out := make([]Task, 0, len(ids))
	for part := range slices.Chunk(ids, batch) {
		wanted := make([]any, len(part))
		for i, id := range part {
			wanted[i] = int64(id)
		}
		var got []Task
		args := []any{wanted, xmlrpc.Kwargs{"request": true}}
		err := h.ask(ctx, "getTaskInfo", args, func(r *xmlrpc.Reader) {
			got = readTasks(r, got[:0])
			if r.Err() == nil && len(got) != len(part) {
				r.Fail(fmt.Errorf("%d answers to %d questions", len(got), len(part)))
			}
		})
		if err != nil {
			return nil, err
		}
		for i := range got {
			got[i].ID = part[i]
		}
		out = append(out, got...)
	}
	return out, nil
}

func readTasks(r *xmlrpc.Reader, into []Task) []Task {
	for range r.Items() {
		into = append(into, readTask(r))
	}
	return into
}

// FindByLabel gives our build tasks with this label made after since, oldest
// first. It walks through all our build tasks since then, so since should be
// near: the time of asking, less what clocks may differ.
func (h *Hub) FindByLabel(ctx context.Context, label string, since time.Time) ([]Task, error) {
	if label == "" || since.IsZero() {
		return nil, errors.New("koji: looking for a build needs a label and a time")
	}
	me, err := h.me(ctx)
	if err != nil {
		return nil, err
	}
	const page = 200
	var found []Task
	for offset := 0; ; offset += page {
		var tasks []Task
		err := h.ask(ctx, "listTasks", []any{
			map[string]any{
				"owner":        me.ID,
				"method":       "build",
				"createdAfter": float64(since.UnixMicro()) / 1e6,
				"decode":       true,
			},
			// By number, so that tasks made meanwhile come at the end.
			map[string]any{"order": "id", "limit": page, "offset": offset},
		}, func(r *xmlrpc.Reader) { tasks = readTasks(r, tasks[:0]) })
		if err != nil {
			return nil, err
		}
		for _, t := range tasks {
			if t.Label == label {
				found = append(found, t)
			}
		}
		if len(tasks) < page {
			return found, nil
		}
	}
}

// Children gives the tasks a task has made, in the order of their numbers.
func (h *Hub) Children(ctx context.Context, id TaskID) ([]Task, error) {
	var tasks []Task
	err := h.ask(ctx, "getTaskChildren", []any{int64(id), xmlrpc.Kwargs{"request": true}},
		func(r *xmlrpc.Reader) { tasks = readTasks(r, tasks[:0]) })
	if err != nil {
		return nil, err
	}
	sortTasks(tasks)
	return tasks, nil
}

// Descendents gives the tasks a task has made, those they have made, and so
// on, in the order of their numbers.
func (h *Hub) Descendents(ctx context.Context, id TaskID) ([]Task, error) {
	var tasks []Task
	err := h.ask(ctx, "getTaskDescendents", []any{int64(id), xmlrpc.Kwargs{"request": true}},
		func(r *xmlrpc.Reader) {
			tasks = tasks[:0]
			for range r.Members() { // by the number of the parent
				tasks = readTasks(r, tasks)
			}
		})
	if err != nil {
		return nil, err
	}
	sortTasks(tasks)
	return tasks, nil
}

func sortTasks(tasks []Task) {
	slices.SortFunc(tasks, func(a, b Task) int { return int(a.ID - b.ID) })
}
