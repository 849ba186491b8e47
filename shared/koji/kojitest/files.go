package kojitest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/distaff-project/distaff/shared/koji"
)

func (s *Server) taskDir(id int64) string {
	return filepath.Join(s.config.Dir, filepath.FromSlash(koji.TaskPath(koji.TaskID(id))))
}

// relative is the path of a task's file below work/.
func (s *Server) relative(id int64, name string) string {
	return fmt.Sprintf("tasks/%d/%d/%s", id%10000, id, name)
}

func (s *Server) logs(id int64) []any {
	found, _ := filepath.Glob(filepath.Join(s.taskDir(id), "*.log"))
	out := make([]any, len(found))
	for i, name := range found {
		out[i] = s.relative(id, filepath.Base(name))
	}
	return out
}

// moveToScratch puts a finished build together, leaving links behind (kojihub,
// moveBuildToScratch).
func (s *Server) moveToScratch(t, srpmTask *task, srpm string, parts []built) error {
	if srpm == "" {
		return nil // the runner writes no files
	}
	top := filepath.Join(s.config.Dir, filepath.FromSlash(koji.ScratchPath(t.owner.name, koji.TaskID(t.id))))
	if err := s.move(srpmTask.id, srpm, top); err != nil {
		return err
	}
	for _, part := range parts {
		for _, name := range part.rpms {
			if err := s.move(part.task.id, name, top); err != nil {
				return err
			}
		}
		logs, _ := filepath.Glob(filepath.Join(s.taskDir(part.task.id), "*.log"))
		for _, log := range logs {
			if err := s.move(part.task.id, filepath.Base(log), filepath.Join(top, "logs", part.arch)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Server) move(id int64, name, to string) error {
	from, dest := filepath.Join(s.taskDir(id), name), filepath.Join(to, name)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	if err := os.Rename(from, dest); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	link, err := filepath.Rel(filepath.Dir(from), dest)
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	if err := os.Symlink(link, from); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}
