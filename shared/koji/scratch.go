package koji

import (
	"context"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// ScratchRPM is a package file a scratch build left.
type ScratchRPM struct {
	rpm.NVRA
	Task TaskID // the task of the architecture that built it
	Path string // below the top of Koji's file tree
	URL  string // empty if the configuration does not say where files are served
	Size int64  // bytes
}

// ScratchRPMs lists the package files the architectures of a finished scratch
// build left, with the source package where one of them kept it, in the order of
// the tasks. A task the hub does not have, or
// whose files were cleaned up, is a MissingError; one that is no scratch build,
// or has not succeeded, an error that says so.
func (h *Hub) ScratchRPMs(ctx context.Context, id TaskID) ([]ScratchRPM, error) {
	tasks, err := h.Tasks(ctx, []TaskID{id})
	if err != nil {
		return nil, err
	}
	switch t := tasks[0]; {
	case !t.Found:
		return nil, h.missing("task", id.String())
	case t.Method != "build" || !t.Scratch:
		return nil, fmt.Errorf("%s: task %d is no scratch build", h, id)
	case t.State != Closed:
		return nil, fmt.Errorf("%s: task %d is %s, not CLOSED", h, id, t.State)
	}
	children, err := h.Children(ctx, id)
	if err != nil {
		return nil, err
	}
	var found []ScratchRPM
	seen := map[string]bool{}
	for _, child := range children {
		if child.Method != "buildArch" {
			continue
		}
		files, err := h.Output(ctx, child.ID)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if !strings.HasSuffix(file.Name, ".rpm") || seen[file.Name] {
				continue // each architecture may have left the same source package
			}
			seen[file.Name] = true
			name, err := rpm.ParseNVRA(file.Name)
			if err != nil || !plainName(file.Name) {
				return nil, fmt.Errorf("%s: task %d wrote %.100q, which is no name of a package", h, child.ID, file.Name)
			}
			path := TaskPath(child.ID) + "/" + file.Name
			if file.Volume != "" && file.Volume != "DEFAULT" {
				path = "vol/" + file.Volume + "/" + path
			}
			found = append(found, ScratchRPM{NVRA: name, Task: child.ID, Path: path, URL: h.FileURL(child.ID, file), Size: file.Size})
		}
	}
	if len(found) == 0 {
		return nil, h.missing("output of task", id.String())
	}
	return found, nil
}
