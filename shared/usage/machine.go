package usage

import (
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Machine is what an instance may use of the machine it is on.
type Machine struct {
	// Memory is in bytes, CPUs in processors; 0 is no limit.
	Memory int64
	CPUs   float64
}

// Limits reads what the control group of this process allows, as Kubernetes
// sets it from resources.limits
// (https://docs.kernel.org/admin-guide/cgroup-v2.html: memory.max and cpu.max;
// in version 1 memory.limit_in_bytes and cpu.cfs_quota_us). Read is os.ReadFile.
func Limits(read func(path string) ([]byte, error)) Machine {
	text := func(path string) string {
		raw, err := read("/sys/fs/cgroup/" + path)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(raw))
	}
	var m Machine
	for _, path := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		// Version 1 writes a number near the largest for "no limit".
		if n, err := strconv.ParseInt(text(path), 10, 64); err == nil && n > 0 && n < math.MaxInt64/2 {
			m.Memory = n
			break
		}
	}
	quota, period, _ := strings.Cut(text("cpu.max"), " ")
	if quota == "" {
		quota, period = text("cpu/cpu.cfs_quota_us"), text("cpu/cpu.cfs_period_us")
	}
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 == nil && err2 == nil && q > 0 && p > 0 {
		m.CPUs = q / p
	}
	return m
}

// ThisMachine is Limits of this process.
func ThisMachine() Machine { return Limits(os.ReadFile) }

// spent is the processor time this process used so far, in seconds, and the most
// memory it had, in bytes.
func spent() (cpu float64, peak int64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(r.Utime) + seconds(r.Stime), int64(r.Maxrss) << 10 // KiB on Linux; 32 bits on some machines
}
