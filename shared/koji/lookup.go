package koji

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/rpm"
)

// BuildState is where a build stands. A failed or canceled one may become
// Building again, under the same number.
type BuildState int

// The states of a build: koji.BUILD_STATES.
const (
	Building      BuildState = 0
	Complete      BuildState = 1
	Deleted       BuildState = 2 // its files are gone, its row stays
	BuildFailed   BuildState = 3
	BuildCanceled BuildState = 4
)

// String is Koji's word for the state: "COMPLETE".
func (s BuildState) String() string {
	names := [...]string{"BUILDING", "COMPLETE", "DELETED", "FAILED", "CANCELED"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("state %d", int(s))
	}
	return names[s]
}

// Build is a build as the hub keeps it.
type Build struct {
	ID     int64 // 0 for one that was not found
	TaskID TaskID
	rpm.NVR
	State  BuildState
	Volume string // "DEFAULT" unless the hub has several stores
	Owner  string
	Draft  bool
	Source string // the commit it is of, if it came from one
	// Started and Completed are zero for what has not happened.
	Started, Completed time.Time
	// Generator is the content generator that imported it: "osbs". Empty for a
	// build of Koji's own.
	Generator string
	// Module is what a module build holds; nil for any other.
	Module *Module
}

// Module is the part of a build's extra data the Module Build Service writes
// (typeinfo.module).
type Module struct {
	Name, Stream, Version, Context string
	ContentTag                     string // the tag that holds its RPMs
	ServiceID                      int64  // the number in the Module Build Service
	YAML                           string // the modulemd document
}

// Builds looks builds up by name, in the order of names. Those the hub does not
// have are in a MissingError, all of them; the others are given all the same.
func (h *Hub) Builds(ctx context.Context, names []string) ([]Build, error) {
	return h.builds(ctx, len(names), func(i int) (any, string) {
		if _, err := rpm.ParseNVR(names[i]); err != nil {
			return nil, names[i] // no hub has it, and some take it for an error
		}
		return names[i], names[i]
	})
}

// BuildsByID looks builds up by number, otherwise as Builds does.
func (h *Hub) BuildsByID(ctx context.Context, ids []int64) ([]Build, error) {
	return h.builds(ctx, len(ids), func(i int) (any, string) { return ids[i], strconv.FormatInt(ids[i], 10) })
}

func (h *Hub) builds(ctx context.Context, count int, ref func(i int) (any, string)) ([]Build, error) {
	found := make([]Build, count)
	var calls []Call
	for i := range count {
		if wanted, _ := ref(i); wanted != nil {
			calls = append(calls, Call{
				Method: "getBuild", Args: []any{wanted},
				Read: func(r *xmlrpc.Reader) { found[i] = readBuild(r) },
			})
		}
	}
	errs, err := h.MultiCall(ctx, calls)
	if err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	var missing []string
	for i, b := range found {
		if b.ID == 0 {
			_, name := ref(i)
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return found, h.missing("build", missing...)
	}
	return found, nil
}

func readBuild(r *xmlrpc.Reader) Build {
	var b Build
	for name := range r.Members() {
		switch name {
		case "id":
			b.ID = r.Int()
		case "task_id":
			b.TaskID = TaskID(r.Int())
		case "name":
			b.Name = r.Text()
		case "epoch", "version", "release":
			readEVR(r, name, &b.EVR)
		case "state":
			b.State = BuildState(r.Int())
		case "volume_name":
			b.Volume = r.Text()
		case "owner_name":
			b.Owner = r.Text()
		case "draft":
			b.Draft = r.Bool()
		case "source":
			b.Source = r.Text()
		case "start_ts":
			b.Started = unix(r.Float())
		case "completion_ts":
			b.Completed = unix(r.Float())
		case "cg_name":
			b.Generator = r.Text()
		case "extra":
			b.Module = readExtra(r)
		}
	}
	return b
}

// readExtra finds typeinfo.module in a build's extra data, which may otherwise
// hold anything.
func readExtra(r *xmlrpc.Reader) *Module {
	var m *Module
	if r.Kind() != xmlrpc.Struct {
		return nil
	}
	for name := range r.Members() {
		if name != "typeinfo" || r.Kind() != xmlrpc.Struct {
			continue
		}
		for kind := range r.Members() {
			if kind == "module" && r.Kind() == xmlrpc.Struct {
				m = readModule(r)
			}
		}
	}
	return m
}

func readModule(r *xmlrpc.Reader) *Module {
	m := &Module{}
	for name := range r.Members() {
		switch name {
		case "name":
			m.Name = r.Text()
		case "stream":
			m.Stream = r.Text()
		case "version":
			m.Version = r.Text()
		case "context":
			m.Context = r.Text()
		case "content_koji_tag":
			m.ContentTag = r.Text()
		case "module_build_service_id":
			m.ServiceID = r.Int()
		case "modulemd_str":
			m.YAML = r.Text()
		}
	}
	return m
}
