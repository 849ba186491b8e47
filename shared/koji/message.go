package koji

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TaskMessage is what the bus says of a task: a hint to look, because messages
// get lost and come twice. Fedora's hub sends it for scratch tasks somebody
// asked for, never for their children, and never when one is made
// (github.com/fedora-infra/koji-fedoramessaging).
type TaskMessage struct {
	ID       TaskID
	Method   string
	Owner    string
	Old, New State
	// What was asked for; Label is what Build was given.
	Source, Target, Label string
	Scratch               bool
	// Instance is "primary" also for hubs other than Fedora's first: tell
	// Kojis apart by BaseURL.
	Instance          string
	BaseURL, FilesURL string
	// Started and Completed are zero for what has not happened.
	Started, Completed time.Time
	// Built and FailedArches are the tasks of the architectures, by name, and
	// those of them that failed.
	Built        map[string]TaskID
	FailedArches []string
}

// ErrNotTask says that a message is about something else.
var ErrNotTask = errors.New("not a change of a task's state")

// ParseTaskMessage reads a message of topic "….buildsys.task.state.change".
// Body is the message's own, or an envelope {"topic", "body"} as recordings and
// datagrepper have it; an older one calls the body "msg".
func ParseTaskMessage(topic string, body []byte) (TaskMessage, error) {
	topic, body, err := openEnvelope(topic, body)
	if err != nil {
		return TaskMessage{}, err
	}
	if !strings.HasSuffix(topic, "buildsys.task.state.change") {
		return TaskMessage{}, fmt.Errorf("topic %.80q: %w", topic, ErrNotTask)
	}
	var wire taskMessage
	if err := json.Unmarshal(body, &wire); err != nil {
		return TaskMessage{}, fmt.Errorf("read koji message: %w", err)
	}
	return wire.read()
}

// openEnvelope takes a message out of an envelope, if it is in one.
func openEnvelope(topic string, body []byte) (string, []byte, error) {
	var envelope struct {
		Topic string          `json:"topic"`
		Body  json.RawMessage `json:"body"`
		Msg   json.RawMessage `json:"msg"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return "", nil, fmt.Errorf("read koji message: %w", err)
	}
	if topic == "" {
		topic = envelope.Topic
	}
	if len(envelope.Body) > 0 {
		body = envelope.Body
	} else if len(envelope.Msg) > 0 {
		body = envelope.Msg
	}
	return topic, body, nil
}

type taskMessage struct {
	ID        TaskID `json:"id"`
	Attribute string `json:"attribute"`
	Old       string `json:"old"`
	New       string `json:"new"`
	Method    string `json:"method"`
	Owner     string `json:"owner"`
	Instance  string `json:"instance"`
	BaseURL   string `json:"base_url"`
	FilesURL  string `json:"files_base_url"`
	Info      struct {
		Request   json.RawMessage `json:"request"`
		Started   *float64        `json:"start_time"`
		Completed *float64        `json:"completion_time"`
		Children  []struct {
			ID     TaskID `json:"id"`
			Method string `json:"method"`
			Arch   string `json:"arch"`
			State  State  `json:"state"`
		} `json:"children"`
	} `json:"info"`
}

func (w *taskMessage) read() (TaskMessage, error) {
	if w.ID <= 0 || (w.Attribute != "" && w.Attribute != "state") {
		return TaskMessage{}, fmt.Errorf("read koji message: %w", ErrNotTask)
	}
	now, err := ParseState(w.New)
	if err != nil {
		return TaskMessage{}, fmt.Errorf("read koji message of task %d: %w", w.ID, err)
	}
	before, err := ParseState(w.Old)
	if err != nil {
		before = Free // the message of a new task has none
	}
	m := TaskMessage{
		ID: w.ID, Method: w.Method, Owner: w.Owner, Old: before, New: now,
		Instance: w.Instance, BaseURL: w.BaseURL, FilesURL: w.FilesURL,
		Started: moment(w.Info.Started), Completed: moment(w.Info.Completed),
		Built: map[string]TaskID{},
	}
	m.readRequest(w.Info.Request)
	for _, child := range w.Info.Children {
		if child.Method != "buildArch" {
			continue
		}
		m.Built[child.Arch] = child.ID
		if child.State == Failed {
			m.FailedArches = append(m.FailedArches, child.Arch)
		}
	}
	return m, nil
}

// readRequest takes from the arguments of the task what it understands. They
// are a list; text, in the hub's own encoding, while a task is being made.
func (m *TaskMessage) readRequest(raw json.RawMessage) {
	var args []json.RawMessage
	if json.Unmarshal(raw, &args) != nil {
		return
	}
	for i, arg := range args {
		var text string
		if json.Unmarshal(arg, &text) == nil {
			switch i {
			case 0:
				m.Source = text
			case 1:
				m.Target = text
			}
			continue
		}
		var options struct {
			Scratch  bool                       `json:"scratch"`
			Metadata map[string]json.RawMessage `json:"custom_user_metadata"`
		}
		if json.Unmarshal(arg, &options) != nil {
			continue
		}
		m.Scratch = m.Scratch || options.Scratch
		if json.Unmarshal(options.Metadata[labelKey], &text) == nil {
			m.Label = text
		}
	}
}

func moment(seconds *float64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return unix(*seconds)
}
