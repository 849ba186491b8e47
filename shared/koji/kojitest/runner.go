package kojitest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Runner does the work of builders. What it is given as Dir is where its
// packages and logs go; it makes that folder itself. An error that is a *koji.Fault becomes the task's
// fault; any other one a fault 1.
type Runner interface {
	// SRPM makes a source package of a commit.
	SRPM(ctx context.Context, job SRPMJob) (SRPM, error)
	// Arch builds a source package for an architecture, and gives the names of
	// the packages.
	Arch(ctx context.Context, job ArchJob) ([]string, error)
}

// SRPMJob asks for a source package.
type SRPMJob struct {
	Dir    string
	Source SCM
	Target Target
}

// SRPM is a source package.
type SRPM struct {
	File string // name below Dir
	// Noarch, ExclusiveArch and ExcludeArch are what its header says of where
	// it can be built.
	Noarch                     bool
	ExclusiveArch, ExcludeArch []string
}

// ArchJob asks for the packages of one architecture.
type ArchJob struct {
	Dir    string
	SRPM   string // path of the source package
	Arch   string
	Target Target
}

// SCM is a commit in a repository: "git+https://host/path.git?subdir#commit".
type SCM struct {
	URL    string // for git: "https://host/path.git"
	Host   string
	Path   string
	Subdir string
	Commit string
}

// Name is the repository's own name: that of the package.
func (s SCM) Name() string { return strings.TrimSuffix(path.Base(s.Path), ".git") }

// ParseSCM reads what a build is asked of (koji/daemon.py, SCM).
func ParseSCM(source string) (SCM, error) {
	scheme, rest, ok := strings.Cut(source, "://")
	transport := map[string]string{"git": "git", "git+http": "http", "git+https": "https"}[scheme]
	if !ok || transport == "" {
		return SCM{}, fault(koji.FaultBuild, "Invalid source specification: %s", source)
	}
	u, err := url.Parse(transport + "://" + rest)
	switch {
	case err != nil || u.Host == "":
		return SCM{}, fault(koji.FaultGeneric, "Invalid SCM URL: %s", source)
	case u.User != nil:
		return SCM{}, fault(koji.FaultGeneric, "username:password format not supported: %s", u.User.Username())
	case strings.Trim(u.Path, "/") == "":
		return SCM{}, fault(koji.FaultGeneric, "Unable to parse SCM URL: %s . Could not find the path element.", source)
	case u.Fragment == "":
		return SCM{}, fault(koji.FaultGeneric, "Unable to parse SCM URL: %s . Could not find the fragment element.", source)
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`).MatchString(u.Fragment):
		return SCM{}, fault(koji.FaultGeneric, "Invalid SCM URL: %s", source)
	case u.RawQuery != "" && !filepath.IsLocal(filepath.FromSlash(u.RawQuery)):
		return SCM{}, fault(koji.FaultGeneric, "Invalid SCM URL: %s", source)
	}
	scm := SCM{Host: u.Host, Path: path.Clean(u.Path), Subdir: u.RawQuery, Commit: u.Fragment}
	scm.URL = (&url.URL{Scheme: transport, Host: u.Host, Path: scm.Path}).String()
	return scm, nil
}

// Script is a Runner that builds nothing: it writes small packages made out of
// nothing, at once. The functions are asked first; they may wait, and their
// error is the outcome.
type Script struct {
	OnSRPM func(ctx context.Context, job SRPMJob) error
	OnArch func(ctx context.Context, job ArchJob) error
	// Noarch makes every package one.
	Noarch bool
	// Bare writes no files: for thousands of builds.
	Bare bool
}

// SRPM pretends to make a source package.
func (s Script) SRPM(ctx context.Context, job SRPMJob) (SRPM, error) {
	if err := s.note(job.Dir, "checkout.log", "checked out "+job.Source.Commit+"\n"); err != nil {
		return SRPM{}, err
	}
	if s.OnSRPM != nil {
		if err := s.OnSRPM(ctx, job); err != nil {
			return SRPM{}, err
		}
	}
	if s.Bare {
		return SRPM{Noarch: s.Noarch}, nil
	}
	name := rpm.NVRA{
		NVR:  rpm.NVR{Name: job.Source.Name(), EVR: rpm.EVR{Version: "1", Release: "1" + job.Target.Dist}},
		Arch: rpm.Source,
	}
	return SRPM{File: name.File(), Noarch: s.Noarch}, s.pack(job.Dir, rpmfile.Spec{NVRA: name, Files: []string{name.Name + ".spec"}})
}

// Arch pretends to build a package.
func (s Script) Arch(ctx context.Context, job ArchJob) ([]string, error) {
	if s.OnArch != nil {
		if err := s.OnArch(ctx, job); err != nil {
			return nil, err
		}
	}
	if s.Bare {
		return nil, nil
	}
	if err := s.note(job.Dir, "build.log", "nothing was built\n"); err != nil {
		return nil, err
	}
	name, err := rpm.ParseNVRA(filepath.Base(job.SRPM))
	if err != nil {
		return nil, err
	}
	name.Arch = job.Arch
	return []string{name.File()}, s.pack(job.Dir, rpmfile.Spec{NVRA: name, SourceRPM: filepath.Base(job.SRPM)})
}

func (s Script) pack(dir string, spec rpmfile.Spec) error {
	spec.Summary, spec.License, spec.BuildTime = "A package of "+spec.Name, "MIT", 1700000000
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write %s: %w", spec.File(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, spec.File()), spec.Encode(), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", spec.File(), err)
	}
	return nil
}

func (s Script) note(dir, name, text string) error {
	if s.Bare {
		return nil
	}
	return WriteLog(dir, name, text)
}

// WriteLog adds to a log of a job, and makes the job's folder if need be.
func WriteLog(dir, name, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString(text); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.Close()
}
