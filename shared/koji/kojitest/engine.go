package kojitest

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// start lets a build task run on its own.
func (s *Server) start(t *task) {
	s.running.Go(func() {
		defer t.cancel()
		if !s.set(t, koji.Open, nil, nil) {
			return
		}
		if err := s.build(t); err != nil {
			s.set(t, koji.Failed, nil, asFault(err))
			return
		}
		s.set(t, koji.Closed, nil, nil)
	})
}

// build is the task somebody asked for (kojid, BuildTask).
func (s *Server) build(t *task) error {
	source, _ := t.request[0].(string)
	name, _ := t.request[1].(string)
	options, _ := t.request[2].(map[string]any)
	override, _ := options["arch_override"].(string)
	if override != "" && !scratch(t) {
		return fault(koji.FaultBuild, "arch_override is only allowed for scratch builds")
	}
	s.mu.Lock()
	target, known := s.target(name)
	s.mu.Unlock()
	if !known {
		return fault(koji.FaultGeneric, "unknown build target: %s", name)
	}
	scm, err := ParseSCM(source)
	if err != nil {
		return err
	}
	srpm, srpmTask, err := s.buildSRPM(t, target, scm, source)
	if err != nil {
		return err
	}
	arches, err := arches(srpm, target, override)
	if err != nil {
		return err
	}
	path := filepath.Join(s.taskDir(srpmTask.id), srpm.File)
	failFast := options["fail_fast"] == true
	if !scratch(t) {
		return s.buildForGood(t, target, path, func() ([]built, error) { return s.buildArches(t, target, path, arches, failFast) })
	}
	built, err := s.buildArches(t, target, path, arches, failFast)
	if err != nil {
		return err
	}
	return s.moveToScratch(t, srpmTask, srpm.File, built)
}

func (s *Server) buildSRPM(t *task, target Target, scm SCM, source string) (SRPM, *task, error) {
	child := s.child(t, "buildSRPMFromSCM", "noarch", "srpm",
		[]any{source, target.id, map[string]any{"repo_id": 1, "scratch": scratch(t)}})
	var srpm SRPM
	err := s.work(child, func(ctx context.Context, dir string) (any, error) {
		var err error
		if srpm, err = s.config.Runner.SRPM(ctx, SRPMJob{Dir: dir, Source: scm, Target: target}); err != nil {
			return nil, err
		}
		return map[string]any{
			"srpm": s.relative(child.id, srpm.File), "logs": s.logs(child.id), "brootid": child.id,
			"source": map[string]any{"source": source, "url": source},
		}, nil
	})
	return srpm, child, err
}

// built is what an architecture gave.
type built struct {
	task *task
	arch string
	rpms []string
}

func (s *Server) buildArches(t *task, target Target, srpm string, arches []string, failFast bool) ([]built, error) {
	out := make([]built, len(arches))
	errs := make([]error, len(arches))
	var all sync.WaitGroup
	var once sync.Once
	var first error
	for i, arch := range arches {
		child := s.child(t, "buildArch", arch, arch,
			[]any{strings.TrimPrefix(srpm, filepath.Join(s.config.Dir, "work")+"/"), target.id, arch, i == 0, map[string]any{"repo_id": 1}})
		out[i] = built{task: child, arch: arch}
		all.Go(func() {
			errs[i] = s.work(child, func(ctx context.Context, dir string) (any, error) {
				rpms, err := s.config.Runner.Arch(ctx, ArchJob{Dir: dir, SRPM: srpm, Arch: arch, Target: target})
				if err != nil {
					return nil, err
				}
				out[i].rpms = rpms
				return s.archResult(child.id, rpms), nil
			})
			if errs[i] == nil {
				return
			}
			once.Do(func() {
				first = errs[i]
				if failFast {
					s.cancelChildren(t)
				}
			})
		})
	}
	all.Wait()
	return out, first
}

func (s *Server) archResult(id int64, rpms []string) any {
	paths := make([]any, len(rpms))
	for i, name := range rpms {
		paths[i] = s.relative(id, name)
	}
	return map[string]any{"rpms": paths, "srpms": []any{}, "logs": s.logs(id), "brootid": id}
}

// child makes a task below another.
func (s *Server) child(t *task, method, arch, label string, request []any) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.waiting = true
	made := s.newTask(t, t.owner, method, arch, label, request)
	if t.state.Finished() { // cancelled a moment ago
		s.setLocked(made, koji.Canceled, nil, nil)
	}
	return made
}

func (s *Server) cancelChildren(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, child := range t.children {
		s.cancelAll(child)
	}
}

// work runs a child when a builder is free, and gives its fault, or that it was
// cancelled.
func (s *Server) work(t *task, do func(ctx context.Context, dir string) (any, error)) error {
	canceled := fault(koji.FaultGeneric, "Task %d is canceled", t.id)
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-t.ctx.Done():
		s.set(t, koji.Canceled, nil, nil)
		return canceled
	}
	if !s.set(t, koji.Open, nil, nil) {
		return canceled
	}
	result, err := do(t.ctx, s.taskDir(t.id))
	if t.ctx.Err() != nil {
		s.set(t, koji.Canceled, nil, nil) // the server is closing, if nobody cancelled it
		return canceled
	}
	if err != nil {
		return s.fail(t, err)
	}
	s.set(t, koji.Closed, result, nil)
	return nil
}

func (s *Server) fail(t *task, err error) error {
	why := asFault(err)
	s.set(t, koji.Failed, nil, why)
	return why
}

func asFault(err error) *koji.Fault {
	var why *koji.Fault
	if errors.As(err, &why) {
		return why
	}
	return fault(koji.FaultOther, "%v", err)
}

// arches are what a source package is built for (kojid, getArchList).
func arches(srpm SRPM, target Target, override string) ([]string, error) {
	list := slices.Clone(target.Arches)
	if override != "" {
		list = strings.Fields(strings.ReplaceAll(override, ",", " "))
	}
	if len(srpm.ExclusiveArch) > 0 {
		list = slices.DeleteFunc(list, func(a string) bool { return !slices.Contains(srpm.ExclusiveArch, a) })
	}
	list = slices.DeleteFunc(list, func(a string) bool { return slices.Contains(srpm.ExcludeArch, a) })
	if len(list) == 0 {
		return nil, fault(koji.FaultBuild, "No matching arches were found")
	}
	if srpm.Noarch {
		return []string{rpm.Noarch}, nil
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}
