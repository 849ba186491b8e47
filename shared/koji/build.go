package koji

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// labelKey is the member of custom_user_metadata that holds our label. Koji
// keeps that dictionary with the task, and with the build if there is one.
const labelKey = "distaff"

// BuildRequest says what to build.
type BuildRequest struct {
	// Source is the commit: "git+https://host/path.git#<commit>".
	Source string
	// Target is the build target. The hub does not check that it exists.
	Target string
	// Scratch builds without keeping: nothing is tagged, and the files go
	// after some days.
	Scratch bool
	// ArchOverride builds for these architectures only, separated by spaces.
	// Koji allows it for scratch builds.
	ArchOverride string
	// FailFast stops the other architectures when one fails.
	FailFast bool
	// Label is kept with the task, so that FindByLabel finds it again.
	Label string
}

// Build asks for a build. It asks once. If the answer is lost the error is an
// ErrUnknown, and the task may exist: look with FindByLabel.
func (h *Hub) Build(ctx context.Context, req BuildRequest) (TaskID, error) {
	if req.Source == "" || req.Target == "" {
		return 0, fmt.Errorf("%s: a build needs a source and a target", h)
	}
	options := map[string]any{}
	if req.Scratch {
		options["scratch"] = true
	}
	if req.FailFast {
		options["fail_fast"] = true
	}
	if req.ArchOverride != "" {
		options["arch_override"] = req.ArchOverride
	}
	if req.Label != "" {
		options["custom_user_metadata"] = map[string]any{labelKey: req.Label}
	}
	var id TaskID
	err := h.do(ctx, "build", []any{req.Source, req.Target, options}, func(r *xmlrpc.Reader) {
		id = TaskID(r.Int())
		if id <= 0 {
			r.Fail(errors.New("the hub answered no task"))
		}
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// Cancel stops a task and its children. One that has finished is left as it
// is, which is no error; so it is safe to ask twice, and is asked again where
// the answer is lost.
func (h *Hub) Cancel(ctx context.Context, id TaskID) error {
	return h.ask(ctx, "cancelTask", []any{int64(id)}, func(*xmlrpc.Reader) {})
}
