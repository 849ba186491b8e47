package frame

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

// disk keeps objects in files, so that memory measured is the builder's.
type disk struct{ folder string }

func (d *disk) fetch(_ context.Context, key string, offset, length int64) ([]byte, error) {
	file, err := os.Open(filepath.Join(d.folder, key))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, length)
	_, err = file.ReadAt(data, offset)
	return data, err
}

func (d *disk) build(b *testing.B, builder *Builder, entries []Entry, name string, old ...*Index) *Result {
	var outputs [3]io.Writer
	for k, document := range Documents() {
		file, err := os.Create(filepath.Join(d.folder, name+string(document)))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		outputs[k] = file
	}
	result, err := builder.Build(b.Context(), entries, old, outputs)
	if err != nil {
		b.Fatal(err)
	}
	for k, document := range Documents() {
		result.Index.Keys[k] = name + string(document)
	}
	return result
}

// peak gives the most memory this process had resident since the last call,
// and what it has with nothing to do, in MB, where the kernel tells.
func peak() (most, idle float64) {
	most = resident("VmHWM:")
	debug.FreeOSMemory()
	idle = resident("VmRSS:")
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	return most, idle
}

func resident(field string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kilobytes float64
	if _, after, found := strings.Cut(string(status), field); found {
		_, _ = fmt.Sscan(after, &kilobytes)
	}
	return kilobytes / 1024
}

// cpu is how many seconds of processor time this process took until now.
func cpu() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func report(b *testing.B, result *Result) {
	size, open := int64(0), int64(0)
	for _, o := range result.Objects {
		size += o.Size
		open += o.OpenSize
	}
	most, before := peak()
	b.ReportMetric(most, "peak-MB")
	b.ReportMetric(before, "idle-MB")
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(float64(open)/1e6, "open-MB")
	b.ReportMetric(float64(result.Frames-result.Copied), "made-frames")
	b.ReportMetric(float64(result.Reads), "reads")
	b.ReportMetric(float64(len(result.Index.Encode()))/1e3, "index-kB")
}

// Packages like Fedora's: 70,000 have about 1 GB of metadata.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{20000, 70000} {
		packages := distribution(n, 190, 31)
		w := newWorld(packages)
		d := &disk{folder: b.TempDir()}
		builder := w.builder()
		builder.Fetch = d.fetch
		var first *Result
		b.Run(fmt.Sprint(n, "/describe alone"), func(b *testing.B) {
			start := cpu()
			for b.Loop() {
				for _, p := range w.packages {
					_ = p.describe()
				}
			}
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-s/op")
		})
		b.Run(fmt.Sprint(n, "/first"), func(b *testing.B) {
			b.ReportAllocs()
			peak()
			start := cpu()
			for b.Loop() {
				first = d.build(b, builder, w.entries, fmt.Sprint(n))
			}
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-s/op")
			report(b, first)
		})
		if first == nil {
			first = d.build(b, builder, w.entries, fmt.Sprint(n))
		}
		index := first.Index
		w.set(edit(packages, 10, rand.New(rand.NewPCG(1, 1))))
		for name, omit := range map[string]bool{"with open checksum": false, "without": true} {
			b.Run(fmt.Sprint(n, "/10 changed/", name), func(b *testing.B) {
				b.ReportAllocs()
				builder := *builder
				builder.OmitOpenChecksum = omit
				peak()
				var result *Result
				start := cpu()
				for b.Loop() {
					result = d.build(b, &builder, w.entries, "next", index)
				}
				b.ReportMetric((cpu()-start)/float64(b.N), "cpu-s/op")
				report(b, result)
			})
		}
	}
}

// What the length of frames costs in size.
func BenchmarkCut(b *testing.B) {
	w := newWorld(distribution(10000, 60, 32))
	for _, average := range []int{1 << 20, 256, 128, 96, 64, 32} {
		b.Run(fmt.Sprint(average), func(b *testing.B) {
			builder := w.builder()
			builder.Cut = Cut{Average: average}
			d := &disk{folder: b.TempDir()}
			for b.Loop() {
				report(b, d.build(b, builder, w.entries, "cut"))
			}
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	w := newWorld(distribution(70000, 1, 33))
	builder := w.builder()
	first, _ := w.build(b, builder, "first")
	w.set(edit(w.packages, 10, rand.New(rand.NewPCG(1, 1))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := MakePlan(Format{}, Cut{}, w.entries, []*Index{first.Index}); err != nil {
			b.Fatal(err)
		}
	}
}
