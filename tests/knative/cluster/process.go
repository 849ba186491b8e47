package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/distaff-project/distaff/tests/knative/room"
)

// Process is one program of the cluster, which can be ended and started again.
type Process struct {
	Name string
	// Path, Args and Env are what is run; Env comes besides the little that
	// every program needs.
	Path string
	Args []string
	Env  []string
	// Root is all the program sees of the files; Path is in it. Empty: everything.
	Root string
	// Whole is whether ending it ends all it has started too.
	Whole bool
	// Annex is set for a program that runs in a network of its own.
	Annex *room.Annex
	// Log is the file its output goes to.
	Log string

	mu   sync.Mutex
	cmd  *exec.Cmd
	over chan struct{}
	// meant is whether it was ended on purpose.
	meant bool
	died  func(*Process, error)
}

// Start starts it.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(p.Log), 0o700); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()     // the program has its own
	cmd := exec.Command(p.Path, p.Args...) //nolint:gosec,noctx // ended by End
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(p.Log), "TMPDIR=" + filepath.Dir(p.Log)}, p.Env...)
	if p.Root != "" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: p.Root}
		cmd.Dir, cmd.Env = "/", p.Env
	}
	if p.Whole {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	if p.Annex != nil {
		err = p.Annex.Start(cmd)
	} else {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	over := make(chan struct{})
	p.cmd, p.over, p.meant = cmd, over, false
	go func() {
		err := cmd.Wait()
		close(over)
		p.mu.Lock()
		unmeant := !p.meant && p.cmd == cmd
		p.mu.Unlock()
		if unmeant && p.died != nil {
			p.died(p, err)
		}
	}()
	return nil
}

// Kill ends it as a power cut would, and returns when it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL, 0) }

// End asks it to end, and ends it after a while.
func (p *Process) End(patience time.Duration) { p.end(syscall.SIGTERM, patience) }

func (p *Process) end(signal syscall.Signal, patience time.Duration) {
	p.mu.Lock()
	cmd, over := p.cmd, p.over
	p.meant = true
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	if p.Whole {
		_ = syscall.Kill(-cmd.Process.Pid, signal)
	} else {
		_ = cmd.Process.Signal(signal)
	}
	if patience > 0 {
		select {
		case <-over:
			return
		case <-time.After(patience):
			_ = cmd.Process.Kill()
		}
	}
	<-over
}

// Over is closed when the process that runs now has ended.
func (p *Process) Over() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// ExitCode is that of the process that ended, -1 for one that runs or was
// killed.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || p.cmd.ProcessState == nil {
		return -1
	}
	return p.cmd.ProcessState.ExitCode()
}

// Tail gives the last lines of the log.
func (p *Process) Tail(lines int) string {
	raw, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// until asks again and again until ready says nothing is wrong any more.
func until(ctx context.Context, what string, ready func(context.Context) error) error {
	const pause = 50 * time.Millisecond
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w; last seen: %w", what, ctx.Err(), errors.Join(err))
		}
	}
}
