package kojitest

import (
	"context"
	"path/filepath"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// buildForGood builds what is to stay: the build gets a row when its source
// package is there, its packages when all architectures are done, and is then
// put into the tag of the target (kojid, BuildTask).
func (s *Server) buildForGood(t *task, target Target, srpm string, arches func() ([]built, error)) error {
	source, err := readImport(srpm)
	if err != nil {
		return err
	}
	options, _ := t.request[2].(map[string]any)
	in := Import{Owner: t.owner.name, Draft: options["draft"] == true, task: t.id}
	in.Source, _ = t.request[0].(string)
	if err := s.begin(&in, source.NVR, target); err != nil {
		return err
	}
	done, err := arches()
	if err == nil {
		files := []importFile{source}
		for _, part := range done {
			for _, name := range part.rpms {
				f, failed := readImport(filepath.Join(s.taskDir(part.task.id), name))
				if failed != nil {
					err = failed
					break
				}
				files = append(files, f)
			}
		}
		if err == nil {
			_, err = s.importBuild(in, s.nvrOf(in.id), withoutTwins(files))
		}
	}
	if err != nil {
		s.abandon(t, in.id)
		return err
	}
	if options["skip_tag"] == true {
		return nil
	}
	child := s.child(t, "tagBuild", "noarch", "tag", []any{target.DestTag, in.id, false, nil, true})
	return s.work(child, func(context.Context, string) (any, error) {
		return nil, s.change(func(*history) error { return asError(s.tagBuild(target.DestTag, in.id, t.owner.name, false)) })
	})
}

// withoutTwins leaves out noarch packages that more than one architecture built.
func withoutTwins(files []importFile) []importFile {
	seen := map[rpm.NVRA]bool{}
	var out []importFile
	for _, f := range files {
		if !seen[f.NVRA] {
			seen[f.NVRA] = true
			out = append(out, f)
		}
	}
	return out
}

// begin makes the row of a build, if its package may be built for the target.
func (s *Server) begin(in *Import, nvr rpm.NVR, target Target) error {
	return s.change(func(h *history) error {
		id, row, _ := h.tag(target.DestTag, 0)
		if row == nil {
			return fault(koji.FaultGeneric, "No such tagInfo: '%s'", target.DestTag)
		}
		blocked, listed := h.packages(id, 0)[h.pkg(nvr.Name)]
		switch {
		case !listed && s.config.AnyPackage:
			h.list(row, nvr.Name, false, s.config.Now)
		case !listed:
			return fault(koji.FaultBuild, "package %s not in list for tag %s", nvr.Name, target.DestTag)
		case blocked:
			return fault(koji.FaultBuild, "package %s is blocked for tag %s", nvr.Name, target.DestTag)
		}
		b, err := s.newBuild(*in, nvr)
		if err == nil {
			in.id = b.ID
		}
		return err
	})
}

func (s *Server) nvrOf(id int64) rpm.NVR {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past.Builds[id-1].NVR
}

// abandon ends a build that did not succeed.
func (s *Server) abandon(t *task, id int64) {
	_ = s.change(func(h *history) error {
		b := h.Builds[id-1]
		b.State, b.Completed = koji.BuildFailed, s.config.Now().UnixMicro()
		if t.ctx.Err() != nil {
			b.State = koji.BuildCanceled
		}
		s.announceBuild(b, int64(koji.Building))
		return nil
	})
}
