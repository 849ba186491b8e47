package kojitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// kept is the file the history is kept in, below Config.Dir.
const kept = "history.json"

// keep writes the history down, whole, if that is wanted. Server.mu must be
// held.
func (s *Server) keep() error {
	if !s.config.Keep {
		return nil
	}
	raw, err := json.Marshal(&s.past)
	if err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	part := filepath.Join(s.config.Dir, kept+".new")
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	if err := os.Rename(part, filepath.Join(s.config.Dir, kept)); err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	return nil
}

// remember reads the history an earlier hub kept, and where its tasks ended: two
// tasks of one number would write into one folder.
func (s *Server) remember() error {
	if !s.config.Keep {
		return nil
	}
	folders, err := filepath.Glob(filepath.Join(s.config.Dir, "work", "tasks", "*", "*"))
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	for _, folder := range folders {
		if id, err := strconv.ParseInt(filepath.Base(folder), 10, 64); err == nil {
			s.lastTask = max(s.lastTask, id)
		}
	}
	raw, err := os.ReadFile(filepath.Join(s.config.Dir, kept))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	past := newHistory()
	if err := json.Unmarshal(raw, past); err != nil {
		return fmt.Errorf("read the history in %s: %w", filepath.Join(s.config.Dir, kept), err)
	}
	past.index()
	for _, b := range past.Builds {
		s.lastTask = max(s.lastTask, b.Task)
		whole(b.Extra) // in place
	}
	s.past = *past
	return nil
}

// whole makes whole numbers of the floats JSON reads.
func whole(value any) any {
	switch v := value.(type) {
	case float64:
		return int64(v)
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}
	return value
}
