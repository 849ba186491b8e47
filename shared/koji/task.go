package koji

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// TaskID numbers a task within one Koji.
type TaskID int64

// String gives the digits.
func (id TaskID) String() string { return strconv.FormatInt(int64(id), 10) }

// State is where a task stands. It does not only go forward: a task whose
// builder restarts becomes Free again.
type State int

// The states of a task: koji.TASK_STATES.
const (
	Free     State = 0 // waits for a builder
	Open     State = 1 // runs
	Closed   State = 2 // succeeded
	Canceled State = 3
	Assigned State = 4 // has a builder, which has not begun
	Failed   State = 5
)

func stateNames() [6]string {
	return [...]string{"FREE", "OPEN", "CLOSED", "CANCELED", "ASSIGNED", "FAILED"}
}

// String is Koji's word for the state: "CLOSED".
func (s State) String() string {
	names := stateNames()
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("state %d", int(s))
	}
	return names[s]
}

// Finished tells whether the task will not change any more.
func (s State) Finished() bool { return s == Closed || s == Canceled || s == Failed }

// ParseState reads Koji's word for a state.
func ParseState(word string) (State, error) {
	for i, name := range stateNames() {
		if name == word {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no state of a task", word)
}

// Task is one piece of work of a Koji.
type Task struct {
	ID TaskID
	// Found is false for a number the hub has no task of; all else is then zero.
	Found  bool
	State  State
	Method string // "build", "buildArch"
	Arch   string // "noarch" for a task that is not bound to one
	// Part is Koji's label of a child: "srpm", "x86_64", "tag".
	Part    string
	Parent  TaskID // 0 for a task somebody asked for
	OwnerID int64
	Owner   string // known in lists by label and in messages only
	Host    int64  // 0 while no builder has it
	// Created, Started and Completed are zero for what has not happened.
	Created, Started, Completed time.Time
	// What was asked for.
	Source, Target string
	Scratch        bool
	// Label is what Build was given to find the task again.
	Label string
}

// readTask reads one row of getTaskInfo, listTasks and their like; nil is a task
// not found.
func readTask(r *xmlrpc.Reader) Task {
	var t Task
	if r.Nil() {
		return t
	}
	t.Found = true
	for name := range r.Members() {
		switch name {
		case "id":
			t.ID = TaskID(r.Int())
		case "state":
			t.State = State(r.Int())
		case "method":
			t.Method = r.Text()
		case "arch":
			t.Arch = r.Text()
		case "label":
			t.Part = r.Text()
		case "parent":
			t.Parent = TaskID(r.Int())
		case "owner":
			t.OwnerID = r.Int()
		case "owner_name":
			t.Owner = r.Text()
		case "host_id":
			t.Host = r.Int()
		case "create_ts":
			t.Created = unix(r.Float())
		case "start_ts":
			t.Started = unix(r.Float())
		case "completion_ts":
			t.Completed = unix(r.Float())
		case "request":
			t.readRequest(r)
		}
	}
	return t
}

// readRequest finds what was asked for in the arguments of a task. They differ
// by method; of build they are source, target and options.
func (t *Task) readRequest(r *xmlrpc.Reader) {
	if r.Kind() != xmlrpc.Array {
		return
	}
	for i := range r.Items() {
		switch kind := r.Kind(); {
		case kind == xmlrpc.String && i == 0:
			t.Source = r.Text()
		case kind == xmlrpc.String && i == 1:
			t.Target = r.Text()
		case kind == xmlrpc.Struct:
			t.readOptions(r)
		}
	}
}

func (t *Task) readOptions(r *xmlrpc.Reader) {
	for name := range r.Members() {
		switch {
		case name == "scratch" && r.Kind() == xmlrpc.Bool:
			t.Scratch = r.Bool()
		case name == "custom_user_metadata" && r.Kind() == xmlrpc.Struct:
			for key := range r.Members() {
				if key == labelKey && r.Kind() == xmlrpc.String {
					t.Label = r.Text()
				}
			}
		}
	}
}

// unix reads a time in seconds since 1970; 0, which a nil becomes, is none.
func unix(seconds float64) time.Time {
	if seconds == 0 || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC()
}
