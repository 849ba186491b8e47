package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// taken is what a process took: ours and others' are measured alike, from
// outside, with all that their start takes.
type taken struct {
	CPU, Wall float64 // seconds
	MiB       float64 // memory at its peak
	Read      float64 // megabytes it read, from files and from the network
}

// best keeps the least of each: what else the machine does only adds to it.
func (t *taken) best(other taken) {
	if t.Wall == 0 {
		*t = other
		return
	}
	t.CPU, t.Wall, t.MiB, t.Read = min(t.CPU, other.CPU), min(t.Wall, other.Wall), min(t.MiB, other.MiB), min(t.Read, other.Read)
}

// process runs a program to its end and gives what it wrote.
func process(cmd *exec.Cmd) (taken, []byte, error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	read, start := readSoFar(), time.Now()
	if err := cmd.Start(); err != nil {
		return taken{}, nil, err
	}
	ended := make(chan struct{})
	most := peakOf(cmd.Process.Pid, ended)
	err := cmd.Wait()
	wall := time.Since(start)
	close(ended)
	t := taken{MiB: <-most, Wall: wall.Seconds()}
	if err != nil {
		return t, nil, fmt.Errorf("%s: %w\n%s", cmd.Path, err, said.Bytes())
	}
	t.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	t.Read = readSoFar() - read // what a child read is its parent's when it ended
	return t, out.Bytes(), nil
}

// peakOf watches how much memory a process has at most. The kernel's own word
// at its end begins with what this process had when it made the other.
func peakOf(pid int, ended <-chan struct{}) <-chan float64 {
	found := make(chan float64, 1)
	go func() {
		most := 0.0
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, mebibytes(strconv.Itoa(pid), "VmHWM"))
			case <-ended:
				found <- most
				return
			}
		}
	}()
	return found
}

// readSoFar is how many megabytes this process and its ended children read, on
// Linux.
func readSoFar() float64 {
	chars, _ := strconv.ParseFloat(after(file("/proc/self/io"), "rchar"), 64)
	return chars / 1e6
}

// jobEnv names a job for this program itself, as JSON.
const jobEnv = "DISTAFF_BENCH_JOB"

// job is one of what this program does as a process of its own.
type job struct {
	Metadata *metadata `json:",omitempty"`
	Compose  *making   `json:",omitempty"`
}

// own runs a job in a process of its own. What it found out goes to result.
func own(ctx context.Context, j job, result any) (taken, error) {
	what, err := json.Marshal(j)
	if err != nil {
		return taken{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return taken{}, err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), jobEnv+"="+string(what))
	t, out, err := process(cmd)
	if err != nil {
		return t, err
	}
	told := outcome{Result: result}
	err = json.Unmarshal(out, &told)
	t.Read = told.Read // not with what was served meanwhile
	return t, err
}

// outcome is what such a process writes.
type outcome struct {
	Result any
	Read   float64
}

// work does the job the parent named and writes what it found out.
func work(what string) int {
	var j job
	err := json.Unmarshal([]byte(what), &j)
	var result any
	switch {
	case err != nil:
	case j.Metadata != nil:
		result, err = j.Metadata.make(context.Background())
	case j.Compose != nil:
		result, err = j.Compose.run(context.Background())
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(outcome{result, readSoFar()})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
