// Package corpus finds recorded payloads of the outside systems. They lie
// beside the project, under licences of their own, so a checkout may well be
// without them: tests that read them also have fixtures of the project's own.
package corpus

import (
	"os"
	"path/filepath"
	"testing"
)

// Path gives the place of a recorded file or folder, named relative to the
// corpus ("packit/expected.json"). A test on a machine without it is skipped.
func Path(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("DISTAFF_CORPUS")
	if root == "" {
		root = beside(t)
	}
	full := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(full); root == "" || err != nil {
		t.Skipf("the recorded payload %s is not on this machine (set DISTAFF_CORPUS to its folder)", name)
	}
	return full
}

// Read gives the bytes of a recorded file.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// beside looks for shared/data next to the checkout, from the package's folder
// upwards.
func beside(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		data := filepath.Join(dir, "shared", "data")
		if info, err := os.Stat(data); err == nil && info.IsDir() {
			return data
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
