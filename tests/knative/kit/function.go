package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Clock is the variable that names the file a driven function reads its clock's
// lead over the machine's from: a duration in Go's form.
const Clock = "DISTAFF_TEST_CLOCK"

// The one clock of the production server, and what takes its place.
const (
	clockFile = "shared/state/state.go"
	clockLine = "Now: time.Now,"
	drivenNow = "Now: driven,"
	drivenGo  = `package state

import (
	"os"
	"strings"
	"time"
)

func driven() time.Time {
	raw, err := os.ReadFile(os.Getenv("` + Clock + `"))
	if err != nil {
		panic(err)
	}
	lead, err := time.ParseDuration(strings.TrimSpace(string(raw)))
	if err != nil {
		panic(err)
	}
	return time.Now().Add(lead)
}
`
)

// Function builds the production server, cmd/function of the module at root, as
// a release does.
func Function(ctx context.Context, root, to string) error {
	return build(ctx, root, to, "-ldflags", "-s -w", "./cmd/function")
}

// Driven builds the production server with another clock: one whose hands the
// test moves. The compiler is told to read another text for the one line that
// names the clock, so that the program itself needs no such way in.
func Driven(ctx context.Context, root, to string) error {
	// The overlay goes by whole paths, and takes no notice of others.
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	was := filepath.Join(root, clockFile)
	raw, err := os.ReadFile(was)
	if err != nil {
		return fmt.Errorf("find the clock: %w", err)
	}
	if n := strings.Count(string(raw), clockLine); n != 1 {
		return fmt.Errorf("find the clock: %q stands %d times in %s, and should once", clockLine, n, clockFile)
	}
	work, err := os.MkdirTemp(filepath.Dir(to), "overlay")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	text := strings.Replace(string(raw), clockLine, drivenNow, 1)
	replace := map[string]string{}
	for name, text := range map[string]string{was: text, filepath.Join(filepath.Dir(was), "driven.go"): drivenGo} {
		file := filepath.Join(work, filepath.Base(name))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		replace[name] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	file := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	if err := build(ctx, root, to, "-overlay", file, "-ldflags", "-s -w", "./cmd/function"); err != nil {
		return err
	}
	program, err := os.ReadFile(to)
	if err == nil && !bytes.Contains(program, []byte(Clock)) {
		err = errors.New("build function: its clock was not replaced")
	}
	return err
}
