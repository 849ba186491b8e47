package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// binaryMost is the largest the stripped program may be, in bytes: it is all
// that has to be fetched before a function can start on a machine. Composes took
// it from 29.5 to 34.7 MB, with no start that could be told to be later; see
// docs/decisions/0022.
const binaryMost = 38_000_000

func TestTheProgramIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program := filepath.Join(t.TempDir(), "function")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > binaryMost {
		t.Errorf("%d bytes, the most is %d; find what was added with go list -deps", info.Size(), binaryMost)
	}
}

// What only development, provisioning or the command line needs.
var forbidden = regexp.MustCompile(strings.Join([]string{
	`^github\.com/minio/`, `^github\.com/spf13/`, `^k8s\.io/`, `^knative\.dev/(eventing|serving)/`, `^testing$`, `^net/http/httptest$`,
	`^github\.com/distaff-project/distaff/(infra|eventing|tests|cmd/distaff)(/|$)`,
	// OpenTelemetry's own exporters, for all they bring: see package telemetry.
	`^google\.golang\.org/grpc`, `^go\.opentelemetry\.io/otel/exporters/`,
	`^github\.com/distaff-project/distaff/.*test$`, `^github\.com/distaff-project/distaff/shared/blob/mem$`,
}, "|"))

func TestTheProgramLinksOnlyWhatFunctionsNeed(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if name := strings.TrimSpace(line); forbidden.MatchString(name) {
			t.Errorf("it links %s", name)
		}
	}
}
