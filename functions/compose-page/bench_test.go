package composepage_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	composepage "github.com/distaff-project/distaff/functions/compose-page"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
)

// large is a bucket with two composes of 70,000 packages, which differ in ten.
func large(b *testing.B) *shelf {
	b.Helper()
	s := newShelf()
	for id := range int64(2) {
		var os, source []compose.RPM
		for i := range 50_000 {
			version := "1.2.3"
			if i%5000 == 0 {
				version = fmt.Sprintf("1.2.%d", 4+id)
			}
			os = append(os, rpm(fmt.Sprintf("package-with-a-name-%05d-0:%s-4.fc45.x86_64", i, version), key))
			if i < 20_000 {
				source = append(source, rpm(fmt.Sprintf("package-with-a-name-%05d-0:%s-4.fc45.src", i, version), key))
			}
		}
		for i := range os {
			os[i].SHA256 = fmt.Sprintf("%064x", i)
		}
		c := done(id+1, s.lock(b, tree("x86_64", "os", os...), tree("source", "source", source...)))
		c.Packages = 70_000
		s.document(b, c)
	}
	return s
}

// again is another process over the same bucket.
func (s *shelf) again() {
	desk := compose.NewDesk(s.bucket, compose.Rules{}, index.Beside)
	s.Function = composepage.New(composepage.Parts{
		Desk: desk, List: index.NewList(s, desk.Read), Locks: s.locks, Contents: desk.Contents, Files: s, Now: s.bucket.Now,
	}, composepage.Options{URL: "https://composes.example.org", Packages: "https://kojipkgs.example.org"})
}

func BenchmarkLargeComposes(b *testing.B) {
	s := large(b)
	const file = "/odcs-1/compose/Temporary/x86_64/os/Packages/p/package-with-a-name-04321-1.2.3-4.fc45.x86_64.rpm"
	b.Run("the way to a package, in a new process", func(b *testing.B) {
		for b.Loop() {
			s.again()
			if got := s.ask(b, file); got.Code != http.StatusFound {
				b.Fatal(got.Code)
			}
		}
	})
	b.Run("the way to a package", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.asked = s.asked[:0]
			s.ask(b, file)
		}
		b.ReportMetric(float64(len(s.asked)), "requests")
	})
	b.Run("a page of packages that are searched for", func(b *testing.B) {
		for b.Loop() {
			if got := s.ask(b, "/1/packages/x86_64?p=432"); !strings.Contains(got.Body.String(), "packages with") {
				b.Fatal(got.Body)
			}
		}
	})
	b.Run("the difference, in a new process", func(b *testing.B) {
		for b.Loop() {
			s.again()
			if got := s.ask(b, "/2/diff/1"); !strings.Contains(got.Body.String(), "10 changed") {
				b.Fatal(got.Body)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MB-kept")
	})
}
