package kojitest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/lookaside"
	"github.com/distaff-project/distaff/shared/rpm"
)

// RPMBuild is a Runner that builds for real, with git and rpmbuild, on this
// machine. It is not mock: the buildroot is the machine itself, with what is
// installed on it, and root.log says so. Builds run as the user of the process,
// each in a scratch folder of its own and with a limited environment. The
// sources of a package run code, so build only what you would run.
type RPMBuild struct {
	// Scratch is where builds happen. Empty means the system's place.
	Scratch string
	// Lookaside gives the files "sources" names. Nil means a package with
	// "sources" cannot be built.
	Lookaside *lookaside.Cache
	// Namespace is put before the package's name in the lookaside cache: "rpms".
	Namespace string
	// Timeout is how long one task may take. Zero means 30 minutes.
	Timeout time.Duration
	// Hosts are the dist-gits built from, as "host" or "host:port". Empty means
	// any.
	Hosts []string
	// Requires tells whether this machine has what a package needs to be
	// built. Nil means HostHas.
	Requires func(ctx context.Context, capability string) error
}

// workspace is the folder of one job: build below it, home beside.
type workspace struct{ top, home string }

func (b RPMBuild) workspace() (workspace, func(), error) {
	dir, err := os.MkdirTemp(b.Scratch, "koji-build-")
	if err != nil {
		return workspace{}, nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	w := workspace{top: filepath.Join(dir, "rpmbuild"), home: filepath.Join(dir, "home")}
	for _, path := range []string{w.top, w.home, filepath.Join(w.top, "SOURCES")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			_ = os.RemoveAll(dir)
			return workspace{}, nil, fmt.Errorf("make a scratch folder: %w", err)
		}
	}
	return w, func() { _ = os.RemoveAll(dir) }, nil
}

// defines are the macros every call of rpmbuild gets. The database of packages
// is an empty one of the job's own.
func (w workspace) defines(t Target) []string {
	macros := map[string]string{
		"_topdir":               w.top,
		"_dbpath":               filepath.Join(w.home, "rpmdb"),
		"_tmppath":              w.home,
		"_disable_source_fetch": "1",
	}
	if t.Dist != "" {
		macros["dist"] = t.Dist
	}
	for name, value := range t.Macros {
		macros[name] = value
	}
	var args []string
	for _, name := range sortedKeys(macros) {
		args = append(args, "--define", name+" "+macros[name])
	}
	return args
}

func (b RPMBuild) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := b.Timeout
	if timeout == 0 {
		timeout = 30 * time.Minute
	}
	return context.WithTimeoutCause(ctx, timeout, fmt.Errorf("the build took longer than %s", timeout))
}

// SRPM checks a commit out, fetches its sources and runs rpmbuild -bs. As with
// Koji, the requirements for building are not looked at yet.
func (b RPMBuild) SRPM(ctx context.Context, job SRPMJob) (SRPM, error) {
	ctx, cancel := b.limit(ctx)
	defer cancel()
	if err := b.allowed(job.Source); err != nil {
		return SRPM{}, err
	}
	w, clean, err := b.workspace()
	if err != nil {
		return SRPM{}, err
	}
	defer clean()
	checkout, err := b.checkout(ctx, w, job)
	if err != nil {
		return SRPM{}, timely(ctx, err)
	}
	spec, err := findSpec(checkout, job.Source.Name())
	if err != nil {
		return SRPM{}, err
	}
	log, err := openLog(job.Dir, "build.log")
	if err != nil {
		return SRPM{}, err
	}
	defer func() { _ = log.Close() }()
	args := append([]string{"-bs", "--nodeps"}, w.defines(job.Target)...)
	args = append(args, "--define", "_sourcedir "+checkout, spec)
	if err := command(ctx, log, w.home, checkout, "rpmbuild", args...); err != nil {
		return SRPM{}, timely(ctx, fault(koji.FaultBuild,
			"error building srpm, %s; see build.log for more information", status(err, "rpmbuild")))
	}
	return keepSRPM(ctx, w, job.Dir)
}

func (b RPMBuild) allowed(scm SCM) error {
	for _, host := range b.Hosts {
		if host == scm.Host {
			return nil
		}
	}
	if len(b.Hosts) == 0 {
		return nil
	}
	return fault(koji.FaultBuild, "%s:%s is not in the list of allowed SCMs", scm.Host, scm.Path)
}

// checkout clones the repository whole: rpmautospec counts commits.
func (b RPMBuild) checkout(ctx context.Context, w workspace, job SRPMJob) (string, error) {
	log, err := openLog(job.Dir, "checkout.log")
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }()
	dir := filepath.Join(w.home, "checkout")
	for _, args := range [][]string{
		{"clone", "-n", "--", job.Source.URL, dir},
		{"-C", dir, "reset", "--hard", job.Source.Commit, "--"},
	} {
		if err := command(ctx, log, w.home, w.home, "git", args...); err != nil {
			return "", fault(koji.FaultBuild,
				"Error running GIT command %q, see checkout.log for details", "git "+strings.Join(args, " "))
		}
	}
	dir = filepath.Join(dir, filepath.FromSlash(job.Source.Subdir))
	raw, err := os.ReadFile(filepath.Join(dir, "sources"))
	if errors.Is(err, os.ErrNotExist) {
		return dir, nil
	}
	if err != nil {
		return "", fmt.Errorf("read sources: %w", err)
	}
	sources, err := lookaside.Parse(raw)
	if err != nil {
		return "", fault(koji.FaultBuild, "error retrieving sources, %v", err)
	}
	for _, source := range sources {
		log.printf("source %s\n", source)
		if err := b.fetch(ctx, job.Source, source, dir); err != nil {
			log.printf("%v\n", err)
			return "", fault(koji.FaultBuild, "error retrieving sources, %s; see checkout.log for more information", source.File)
		}
	}
	return dir, nil
}

func (b RPMBuild) fetch(ctx context.Context, scm SCM, source lookaside.Source, dir string) error {
	if b.Lookaside == nil {
		return errors.New("this Koji has no lookaside cache")
	}
	name := scm.Name()
	if b.Namespace != "" {
		name = b.Namespace + "/" + name
	}
	return b.Lookaside.Save(ctx, name, source, dir)
}

// findSpec finds the spec file: the only one, or the one called as the
// repository. A package may not name who packs it: Koji does.
func findSpec(dir, name string) (string, error) {
	specs, _ := filepath.Glob(filepath.Join(dir, "*.spec"))
	spec := filepath.Join(dir, name+".spec")
	switch {
	case len(specs) == 0:
		return "", fault(koji.FaultBuild, "No spec file found")
	case len(specs) == 1:
		spec = specs[0]
	default:
		if _, err := os.Stat(spec); err != nil {
			return "", fault(koji.FaultBuild, "Multiple spec files found: %d", len(specs))
		}
	}
	raw, err := os.ReadFile(spec)
	if err != nil {
		return "", fmt.Errorf("read the spec file: %w", err)
	}
	if m := regexp.MustCompile(`(?m)^(Packager|Distribution|Vendor):`).FindSubmatch(raw); m != nil {
		return "", fault(koji.FaultBuild, "%s is not allowed to be set in spec file", m[1])
	}
	return spec, nil
}

func keepSRPM(ctx context.Context, w workspace, dir string) (SRPM, error) {
	found, _ := filepath.Glob(filepath.Join(w.top, "SRPMS", "*.src.rpm"))
	if len(found) != 1 {
		return SRPM{}, fault(koji.FaultBuild, "found %d srpms, expected 1", len(found))
	}
	srpm, err := readSRPM(ctx, w, found[0])
	if err != nil {
		return SRPM{}, err
	}
	return srpm, copyFile(found[0], filepath.Join(dir, srpm.File))
}

// readSRPM reads from the header where the package can be built.
func readSRPM(ctx context.Context, w workspace, path string) (SRPM, error) {
	text, err := output(ctx, w.home, "rpm", "--define", "_dbpath "+filepath.Join(w.home, "rpmdb"), "-qp", "--nosignature",
		"--qf", "[%{BUILDARCHS} ]\n[%{EXCLUSIVEARCH} ]\n[%{EXCLUDEARCH} ]\n", path)
	if err != nil {
		return SRPM{}, fault(koji.FaultBuild, "%s is not a source package: %v", filepath.Base(path), err)
	}
	lines := append(strings.Split(text, "\n"), "", "", "")
	srpm := SRPM{
		File: filepath.Base(path), ExclusiveArch: arrays(lines[1]), ExcludeArch: arrays(lines[2]),
	}
	for _, arch := range arrays(lines[0]) {
		srpm.Noarch = srpm.Noarch || arch == rpm.Noarch
	}
	return srpm, nil
}

func arrays(line string) []string {
	var out []string
	for _, word := range strings.Fields(line) {
		if word != "(none)" {
			out = append(out, word)
		}
	}
	return out
}

// timely says that the time was over, if that is why.
func timely(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return fault(koji.FaultBuild, "%v", cause)
	}
	return err
}

// hostArch is what this machine builds.
func hostArch() string { return rpm.FromGo(runtime.GOARCH) }
