//go:build image

package smoke

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/distaff-project/distaff/tests/around"
)

// nobody is the user of the image.
const nobody = 65532

// TestTheImageRuns starts the program in the unpacked files of the image, which
// are all it sees, as the user it has there. Nothing but the kernel is the
// machine's own.
func TestTheImageRuns(t *testing.T) {
	root := os.Getenv("DISTAFF_IMAGE")
	if root == "" || os.Geteuid() != 0 {
		t.Skip("set DISTAFF_IMAGE to an unpacked image, and be root, who may chroot")
	}
	a := surround(t)
	inside := "/etc/distaff/distaff.yaml" // where a ConfigMap is mounted
	if err := os.MkdirAll(filepath.Join(root, "etc/distaff"), 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(a.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, inside), text, 0o644); err != nil {
		t.Fatal(err)
	}
	const starts = 50
	var took []time.Duration
	for i := range starts {
		port := around.Port(t)
		address := "http://127.0.0.1:" + port
		ctx, stop := context.WithCancel(t.Context())
		var out around.Log
		cmd := exec.CommandContext(ctx, "/ko-app/function")
		cmd.Env = append(a.env(inside), "PORT="+port, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
		cmd.Dir, cmd.Stdout, cmd.Stderr = "/", &out, &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ready := becomesReady(address, 10*time.Second)
		took = append(took, time.Since(began))
		if !ready {
			stop()
			t.Fatalf("it did not become ready:\n%s", out.String())
		}
		if i == 0 {
			a.dealsWithAnEvent(t, address)
		}
		stop()
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Fatalf("after SIGTERM it ended with %d:\n%s", code, out.String())
		}
	}
	slices.Sort(took)
	t.Logf("from start to ready: p50 %v, p99 %v (%d starts)", took[starts/2], took[starts-1], starts)
}
