package mbs

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/modulemd"
)

// Topic is how the topic of a message about a module's build ends. Before it
// stands what the bus adds: "org.fedoraproject.prod", "VirtualTopic.eng".
const Topic = "mbs.module.state.change"

// Change is that a module's build came into a state.
type Change struct {
	ID int64 // of the module's build
	modulemd.NSVC
	State   State
	KojiTag string // empty before the build began
}

// Hears tells whether a topic is that of a Change.
func Hears(topic string) bool { return topic == Topic || strings.HasSuffix(topic, "."+Topic) }

// ParseChange reads the body of such a message. A build that has no version yet
// has its name and stream only.
func ParseChange(body []byte) (Change, error) {
	var in struct {
		ID      *int64  `json:"id"`
		Name    string  `json:"name"`
		Stream  string  `json:"stream"`
		Version textual `json:"version"`
		Context string  `json:"context"`
		State   *State  `json:"state"`
		KojiTag string  `json:"koji_tag"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Change{}, fmt.Errorf("message of a module's build: %w", err)
	}
	if in.ID == nil || *in.ID <= 0 || in.State == nil || *in.State < Init || *in.State > Garbage {
		return Change{}, fmt.Errorf("message of a build of the module %.80q has no id or no known state", in.Name)
	}
	n := modulemd.NSVC{Name: in.Name, Stream: in.Stream, Version: string(in.Version), Context: in.Context}
	if n.Version == "" {
		n.Context = ""
	}
	n, err := modulemd.ParseNSVC(n.String())
	if err != nil {
		return Change{}, fmt.Errorf("message of build %d of a module: %w", *in.ID, err)
	}
	return Change{ID: *in.ID, NSVC: n, State: *in.State, KojiTag: in.KojiTag}, nil
}
