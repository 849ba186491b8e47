package composedemo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// scripted makes the packages of the demo out of nothing, as often as they are
// built with another version.
type scripted struct {
	mu    sync.Mutex
	built map[string]int
}

// versions are those the packages are built with, one after the other.
func versions(name string) []rpm.EVR {
	switch name {
	case "fetch":
		return []rpm.EVR{{Version: "1.0", Release: "1"}, {Version: "1.0", Release: "2"}}
	case "clock":
		return []rpm.EVR{{Version: "12", Release: "1"}, {Version: "24", Release: "1"}}
	case "umbrella":
		return []rpm.EVR{{Version: "3", Release: "1"}}
	}
	return []rpm.EVR{{Version: "1.0", Release: "1"}}
}

// SRPM pretends to make a source package.
func (s *scripted) SRPM(_ context.Context, job kojitest.SRPMJob) (kojitest.SRPM, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := job.Source.Name()
	if s.built == nil {
		s.built = map[string]int{}
	}
	all := versions(name)
	evr := all[min(s.built[name], len(all)-1)]
	s.built[name]++
	evr.Release += job.Target.Dist
	source := rpm.NVRA{NVR: rpm.NVR{Name: name, EVR: evr}, Arch: rpm.Source}
	return kojitest.SRPM{File: source.File()}, pack(job.Dir, rpmfile.Spec{NVRA: source, Files: []string{name + ".spec"}})
}

// Arch pretends to build.
func (s *scripted) Arch(_ context.Context, job kojitest.ArchJob) ([]string, error) {
	source, err := rpm.ParseNVRA(filepath.Base(job.SRPM))
	if err != nil {
		return nil, err
	}
	made := map[string]string{source.Name: rpm.Noarch}
	if source.Name == "weather" {
		made = map[string]string{"weather": job.Arch, "weather-debuginfo": job.Arch, "weather-icons": rpm.Noarch}
	}
	var files []string
	for name, arch := range made {
		one := rpm.NVRA{NVR: rpm.NVR{Name: name, EVR: source.EVR}, Arch: arch}
		if err := pack(job.Dir, rpmfile.Spec{NVRA: one, SourceRPM: source.File(), Files: []string{"/usr/bin/" + name}}); err != nil {
			return nil, err
		}
		files = append(files, one.File())
	}
	return files, nil
}

func pack(dir string, made rpmfile.Spec) error {
	made.Summary, made.License, made.BuildTime = "A package of "+made.Name, "MIT", 1_700_000_000
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, made.File()), made.Encode(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", made.File(), err)
	}
	return nil
}
