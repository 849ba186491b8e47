package kojitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// maxLog is the most one command may write into its log.
const maxLog = 64 << 20

// command runs a program in a group of its own, so that what it has started
// ends with it. What it writes goes to the log, which begins with the command
// itself. Home is a folder of the job's own.
func command(ctx context.Context, log io.Writer, home, dir, name string, args ...string) error {
	_, _ = fmt.Fprintf(log, "$ %s %s\n", name, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		// No question, no configuration of the user's, and nothing but what a
		// dist-git speaks.
		"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=http:https:git",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		_, _ = fmt.Fprintf(log, "%s: %s\n", name, exit.ProcessState)
	} else if err != nil {
		_, _ = fmt.Fprintf(log, "%s: %v\n", name, err)
	}
	return err
}

// output runs a short program and gives what it prints.
func output(ctx context.Context, home, name string, args ...string) (string, error) {
	var out, log strings.Builder
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = home
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(log.String()))
	}
	return out.String(), nil
}

// status is how a program ended, in the words of a builder (koji/util.py,
// parseStatus).
func status(err error, what string) string {
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit):
		return fmt.Sprintf("%s did not run: %v", what, err)
	case exit.ExitCode() >= 0:
		return fmt.Sprintf("%s exited with status %d", what, exit.ExitCode())
	}
	if signal, ok := exit.Sys().(syscall.WaitStatus); ok && signal.Signaled() {
		return fmt.Sprintf("%s was killed by signal %d", what, signal.Signal())
	}
	return what + " terminated for unknown reasons"
}

// logFile is a log that stops growing at maxLog.
type logFile struct {
	file *os.File
	left int
}

func openLog(dir, name string) (*logFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return &logFile{file: f, left: maxLog}, nil
}

// Write takes all it is given, so that a talkative build goes on.
func (l *logFile) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	if _, err := l.file.Write(keep); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (l *logFile) printf(format string, args ...any) { _, _ = fmt.Fprintf(l, format, args...) }

// Close ends the log, and says so if something was left out.
func (l *logFile) Close() error {
	if l.left == 0 {
		_, _ = fmt.Fprintf(l.file, "\n[the log ends here: it reached %d bytes]\n", maxLog)
	}
	return l.file.Close()
}
