package bench

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain runs one measurement of its own if it is asked to by childEnv or jobEnv:
// memory is measured in a process that does nothing else. Before benchmarks it
// says on what machine they run.
func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		os.Exit(child(what))
	}
	if what := os.Getenv(jobEnv); what != "" {
		os.Exit(work(what))
	}
	flag.Parse()
	if f := flag.Lookup("test.bench"); f != nil && f.Value.String() != "" {
		fmt.Printf("machine: %d cores, %s, %s, %s, fsync in %s\n", runtime.NumCPU(), model(), memory(), runtime.Version(), fsync())
	}
	os.Exit(m.Run())
}

func model() string {
	raw, _ := os.ReadFile("/proc/cpuinfo")
	return after(string(raw), "model name")
}

func memory() string { return "memory " + after(file("/proc/meminfo"), "MemTotal") }

// fsync is how long the disk takes to keep something, on average.
func fsync() time.Duration {
	f, err := os.CreateTemp("", "fsync")
	if err != nil {
		return 0
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const times = 100
	start := time.Now()
	for range times {
		if _, err := f.WriteString("x"); err != nil || f.Sync() != nil {
			return 0
		}
	}
	return (time.Since(start) / times).Round(10 * time.Microsecond)
}
