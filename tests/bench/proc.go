package bench

import (
	"os"
	"strconv"
	"strings"
)

// file gives what is in a file of /proc; empty if it is not there.
func file(name string) string {
	raw, _ := os.ReadFile(name)
	return string(raw)
}

// after gives the value of the first line "name: value".
func after(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// mebibytes reads a size of /proc/<pid>/status: VmHWM, VmRSS.
func mebibytes(pid, name string) float64 {
	kibibytes, _ := strconv.ParseFloat(strings.TrimSuffix(after(file("/proc/"+pid+"/status"), name), " kB"), 64)
	return kibibytes / 1024
}
