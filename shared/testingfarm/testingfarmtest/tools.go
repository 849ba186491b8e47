package testingfarmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// Tools is the Runner that really tests, with what this machine has: dnf,
// rpmlint, rpminspect, rmdepcheck, license-validate, tmt. Where a tool is not
// installed the check is skipped and says so; it never passes for want of one.
type Tools struct {
	// RPMs gives the addresses of all RPMs a Koji task built, its SRPM too.
	RPMs func(ctx context.Context, task int64) ([]string, error)
	// Files gives the small files of the dist-git commit a task was built from,
	// by name, as far as they are settings of the checks (*.rpmlintrc,
	// rpmlint.toml, rpminspect.yaml). Nil means there are none.
	Files func(ctx context.Context, task int64) (map[string][]byte, error)
	// Base is the repository packages are installed on top of. Without one a
	// repository is made of what this very machine provides.
	Base *Repository
	// Path is where programs are looked for. Empty means $PATH.
	Path string
	// Scratch is where packages are downloaded and installed. Empty means the
	// system's folder for temporary files.
	Scratch string
	// HTTP downloads. Nil means a plain client.
	HTTP *http.Client

	host hostRepository
}

// Repository is a named set of packages.
type Repository struct {
	Name string // for people: "Fedora rawhide"
	URL  string
}

// hostRepository is made once, when first needed.
type hostRepository struct {
	sync.Mutex
	dir string
}

// Close removes what is kept between runs.
func (t *Tools) Close() error {
	t.host.Lock()
	defer t.host.Unlock()
	if t.host.dir == "" {
		return nil
	}
	err := os.RemoveAll(t.host.dir)
	t.host.dir = ""
	return err
}

// Run does the check in a folder of its own.
func (t *Tools) Run(ctx context.Context, job Job) (Verdict, error) {
	scratch, err := os.MkdirTemp(t.Scratch, "check-"+string(job.Check)+"-")
	if err != nil {
		return Verdict{}, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	r := toolRun{Tools: t, job: job, scratch: scratch}
	switch job.Check {
	case testingfarm.Installability:
		return r.installability(ctx)
	case testingfarm.Rpmlint:
		return r.rpmlint(ctx)
	case testingfarm.Rpminspect:
		return r.rpminspect(ctx)
	case testingfarm.Rmdepcheck:
		return r.rmdepcheck(ctx)
	case testingfarm.LicenseValidate:
		return r.licenseValidate(ctx)
	default:
		return r.custom(ctx)
	}
}

// toolRun is one job in its folder.
type toolRun struct {
	*Tools
	job     Job
	scratch string
}

func skipped(format string, args ...any) (Verdict, error) {
	return Verdict{Overall: "skipped", Summary: fmt.Sprintf(format, args...)}, nil
}

// find gives the path of a program, or "".
func (t *Tools) find(names ...string) string {
	for _, name := range names {
		for _, dir := range filepath.SplitList(cmp.Or(t.Path, os.Getenv("PATH"))) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path
			}
		}
	}
	return ""
}

// absent names the first program that is not installed.
func (t *Tools) absent(names ...string) string {
	i := slices.IndexFunc(names, func(n string) bool { return t.find(n) == "" })
	if i < 0 {
		return ""
	}
	return names[i] + " is not installed"
}

// packages downloads what the job's task built: the SRPM, and the RPMs that
// can be installed on the job's architecture.
func (r *toolRun) packages(ctx context.Context) ([]built, error) {
	if r.RPMs == nil {
		return nil, errors.New("no Koji to download the build from")
	}
	if r.job.Task <= 0 {
		return nil, errors.New("the request names no Koji task")
	}
	addresses, err := r.RPMs(ctx, r.job.Task)
	if err != nil {
		return nil, fmt.Errorf("list the RPMs of task %d: %w", r.job.Task, err)
	}
	dir := filepath.Join(r.scratch, "rpms")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var list []built
	for _, address := range addresses {
		b, err := named(address)
		if err != nil {
			return nil, err
		}
		if b.arch != r.job.Arch && b.arch != "noarch" && b.arch != "src" {
			continue
		}
		if err := r.download(ctx, address, filepath.Join(dir, b.file)); err != nil {
			return nil, fmt.Errorf("download %s: %w", b.file, err)
		}
		b.path = filepath.Join(dir, b.file)
		list = append(list, b)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("task %d has no RPM for %s", r.job.Task, r.job.Arch)
	}
	slices.SortFunc(list, func(a, b built) int { return strings.Compare(a.file, b.file) })
	r.job.Logf("%d RPMs of task %d downloaded", len(list), r.job.Task)
	return list, nil
}
