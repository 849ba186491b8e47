package world

import (
	"fmt"
	"os"
	"path/filepath"
)

// mark is the file that tells that a directory is a demo's, and may be removed.
const mark = "this-is-a-demo"

// Fresh makes a directory for a world that is only for show, and removes an
// earlier one in it. What is anything else is left alone.
func Fresh(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, mark)); err != nil {
			return fmt.Errorf("%s has something in it that is no demo; name another directory with --state", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the earlier demo: %w", err)
		}
	}
	err = os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, mark), []byte("A demo of distaff made this, and removes it the next time.\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	return nil
}
