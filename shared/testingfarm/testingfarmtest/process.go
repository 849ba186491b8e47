package testingfarmtest

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// maxOutput is how much of a program's output is kept: its end.
const maxOutput = 8 << 20

// execute runs a program to its end, in the scratch folder, and gives what it
// wrote and its exit code. When ctx ends, the program and all it started are
// killed. An error means that it did not run to its end.
func (r *toolRun) execute(ctx context.Context, program string, args ...string) (string, int, error) {
	r.job.Logf("$ %s %s", filepath.Base(program), strings.ReplaceAll(strings.Join(args, " "), r.scratch, "."))
	return execute(ctx, r.scratch, r.Tools, program, args...)
}

func execute(ctx context.Context, dir string, t *Tools, program string, args ...string) (string, int, error) {
	var out tail
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- no shell; the arguments are ours
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	// Nothing of the caller's environment reaches what it tests; rpm's own
	// database lies below HOME.
	cmd.Env = []string{"PATH=" + t.searchPath(), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8", "TERM=dumb"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return out.String(), -1, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return out.String(), exit.ExitCode(), nil
	}
	return out.String(), 0, err
}

func (t *Tools) searchPath() string {
	if t.Path != "" {
		return t.Path
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

// tail keeps the end of what is written to it.
type tail struct {
	buf bytes.Buffer
	cut bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf.Write(p)
	if t.buf.Len() > 2*maxOutput {
		t.buf.Next(t.buf.Len() - maxOutput)
		t.cut = true
	}
	return len(p), nil
}

func (t *tail) String() string {
	if t.cut {
		return "… the beginning was cut …\n" + t.buf.String()
	}
	return t.buf.String()
}
