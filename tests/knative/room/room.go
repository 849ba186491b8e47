// Package room gives a test a network of its own: nothing but loopback, so that
// programs with fixed ports meet nobody else's, and nobody meets theirs.
//
// The program is started again in new namespaces of Linux. That needs no root
// where users may make namespaces; whatever was started ends with the room,
// also after kill -9.
package room

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

// where is the variable that tells a started program where it is.
const where = "DISTAFF_ROOM"

const (
	outside = ""
	inside  = "inside"
	annexed = "annex"
)

// Outside reports whether this program is not in a room yet.
func Outside() bool { return os.Getenv(where) == outside }

// Run calls run in a room, and gives the exit code. It has to be the first thing
// main or TestMain does.
func Run(run func() int) int {
	switch os.Getenv(where) {
	case outside:
		code, err := enter()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	case annexed:
		err := settle()
		fmt.Fprintln(os.Stderr, "move into the annex:", err) // on success it does not return
		return 1
	}
	if err := up("lo"); err != nil {
		fmt.Fprintln(os.Stderr, "bring loopback up:", err)
		return 1
	}
	return run()
}

// enter starts this program again in the room.
func enter() (int, error) {
	cmd := exec.Command(program, os.Args[1:]...) //nolint:gosec,noctx // it is this program, and ends with it
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), where+"="+inside)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// In a process namespace of its own, whatever it leaves behind is ended
		// with it.
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	// The signal of a parent's death is that of its thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("make a network namespace: %w\n"+
			"These tests run real Knative with its fixed ports in a network of their own. Run them as root, or let users make namespaces\n"+
			"(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces above 0;\n"+
			"in a container: --security-opt seccomp=unconfined), or leave them out with -short", err)
	}
	go func() {
		for s := range stop {
			_ = cmd.Process.Signal(s)
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

const program = "/proc/self/exe"

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// clean gives an environment without what tells a program where it is.
func clean(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, where) {
			out = append(out, v)
		}
	}
	return out
}
