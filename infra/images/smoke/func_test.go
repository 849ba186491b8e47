//go:build funccli

package smoke

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/distaff-project/distaff/tests/around"
)

// TestFuncRunsTheCollection lets func build and run a clone of the project, and
// hands it an event.
func TestFuncRunsTheCollection(t *testing.T) {
	program, clone := os.Getenv("DISTAFF_FUNC"), os.Getenv("DISTAFF_CLONE")
	if program == "" || clone == "" {
		t.Skip("set DISTAFF_FUNC to the func command line and DISTAFF_CLONE to a clone: .ci/func.sh does")
	}
	a := surround(t)
	port := around.Port(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out around.Log
	cmd := exec.CommandContext(ctx, program, "run", "--builder", "host", "--address", "127.0.0.1:"+port, "--verbose")
	cmd.Dir, cmd.Stdout, cmd.Stderr = clone, &out, &out
	cmd.Env = append(append(os.Environ(), a.env(a.Config)...), "GOFLAGS=-mod=mod")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // func starts the program as a child
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !becomesReady("http://127.0.0.1:"+port, 10*time.Minute) {
		stop()
		_ = cmd.Wait()
		t.Fatalf("it did not become ready:\n%s", out.String())
	}
	a.dealsWithAnEvent(t, "http://127.0.0.1:"+port)
	stop()
	_ = cmd.Wait()
}
