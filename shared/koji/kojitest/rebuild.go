package kojitest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Arch looks whether this machine has what the package needs and runs rpmbuild
// --rebuild. Another architecture than the machine's is refused.
func (b RPMBuild) Arch(ctx context.Context, job ArchJob) ([]string, error) {
	ctx, cancel := b.limit(ctx)
	defer cancel()
	if job.Arch != hostArch() && job.Arch != rpm.Noarch {
		return nil, fault(koji.FaultBuild, "no builder for arch %s: this Koji has only %s", job.Arch, hostArch())
	}
	w, clean, err := b.workspace()
	if err != nil {
		return nil, err
	}
	defer clean()
	if err := b.prepare(ctx, w, job); err != nil {
		return nil, timely(ctx, err)
	}
	log, err := openLog(job.Dir, "build.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	// The requirements have been looked at; rpm's own look into its database
	// would find an empty one.
	args := append([]string{"--rebuild", "--nodeps"}, w.defines(job.Target)...)
	args = append(args, "--target", job.Arch, job.SRPM)
	if err := command(ctx, log, w.home, w.home, "rpmbuild", args...); err != nil {
		return nil, timely(ctx, fault(koji.FaultBuild,
			"error building package (arch %s), %s; see build.log for more information", job.Arch, status(err, "rpmbuild")))
	}
	return keepRPMs(w, job.Dir)
}

// prepare stands in for filling a buildroot: it writes what the buildroot is
// and looks for what the package needs.
func (b RPMBuild) prepare(ctx context.Context, w workspace, job ArchJob) error {
	log, err := openLog(job.Dir, "root.log")
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	log.printf("The buildroot is this machine itself, with the packages installed on it: no mock, no chroot.\n")
	log.printf("Target %s (build tag %s) gives the macros, not the packages.\n", job.Target.name, job.Target.BuildTag)
	log.printf("Machine: %s\n", machine())
	if version, err := output(ctx, w.home, "rpmbuild", "--version"); err == nil {
		log.printf("Builder: %s", version)
	}
	text, err := output(ctx, w.home, "rpm", "--define", "_dbpath "+filepath.Join(w.home, "rpmdb"),
		"-qp", "--nosignature", "--requires", job.SRPM)
	if err != nil {
		log.printf("%v\n", err)
		return fault(koji.FaultBuildroot, "could not read the requirements of the source package; see root.log for more information")
	}
	has := b.Requires
	if has == nil {
		has = HostHas
	}
	missing := 0
	for _, capability := range strings.Split(strings.TrimSpace(text), "\n") {
		if capability = strings.TrimSpace(capability); capability == "" {
			continue
		}
		if err := has(ctx, capability); err != nil {
			missing++
			log.printf("No matching package to install: '%s' (%v)\n", capability, err)
			continue
		}
		log.printf("BuildRequires %s: provided by this machine\n", capability)
	}
	if missing > 0 {
		log.printf("Not all dependencies satisfied\nError: Some packages could not be found.\n")
		// 30 is what mock exits with when a buildroot cannot be filled.
		return fault(koji.FaultBuild,
			"error building package (arch %s), installing build dependencies failed; see root.log for more information", job.Arch)
	}
	return nil
}

// machine names the system, from os-release(5).
func machine() string {
	raw, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "unknown"
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(name, `"`) + " (" + hostArch() + ")"
		}
	}
	return "unknown"
}

func keepRPMs(w workspace, dir string) ([]string, error) {
	found, _ := filepath.Glob(filepath.Join(w.top, "RPMS", "*", "*.rpm"))
	if len(found) == 0 {
		return nil, fault(koji.FaultBuild, "the build gave no packages")
	}
	var names []string
	for _, path := range found {
		if err := copyFile(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return nil, err
		}
		names = append(names, filepath.Base(path))
	}
	return names, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(from), err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(from), err)
	}
	if _, err = io.Copy(out, in); err == nil {
		err = out.Close()
	} else {
		_ = out.Close()
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(from), err)
	}
	return nil
}
