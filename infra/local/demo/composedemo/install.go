package composedemo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// installer installs from composes, as people do.
type installer interface {
	// install does what dnf is told with a .repo file, and gives all packages
	// that are there after it, by their NEVRAs without epoch, sorted.
	install(ctx context.Context, repofile []byte, command ...string) ([]string, error)
	// resolves tells whether it finds out what packages need.
	resolves() bool
}

// dnf is the real one. It installs into a folder.
type dnf struct {
	before []string // what it is called through
	dir    string
}

// findDNF finds dnf and rpm. Who is not root is made root in a namespace of its
// own: the packages have no files of anybody else.
func findDNF(ctx context.Context, dir string) (*dnf, error) {
	for _, program := range []string{"dnf", "rpm", "rpmbuild", "git", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is not installed; .ci/setup.sh installs all that is needed", program)
		}
	}
	dir, err := filepath.Abs(filepath.Join(dir, "install"))
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	d := &dnf{dir: dir}
	if os.Geteuid() == 0 {
		return d, nil
	}
	d.before = []string{"unshare", "--map-root-user"}
	if _, err := d.execute(ctx, "true"); err != nil {
		return nil, fmt.Errorf("installing needs root or user namespaces, and here is neither: %w", err)
	}
	return d, nil
}

func (d *dnf) resolves() bool { return true }

// settings let nothing of this machine's repositories, plugins and caches decide.
const settings = `[main]
reposdir=%[1]s/repos
varsdir=%[1]s/none
pluginconfpath=%[1]s/none
plugins=0
cachedir=%[1]s/cache
persistdir=%[1]s/persist
logdir=%[1]s/log
gpgcheck=0
best=1
strict=1
keepcache=0
install_weak_deps=1
module_platform_id=platform:f45
tsflags=noscripts
`

func (d *dnf) install(ctx context.Context, repofile []byte, command ...string) ([]string, error) {
	root, conf := filepath.Join(d.dir, "root"), filepath.Join(d.dir, "dnf.conf")
	err := errors.Join(os.MkdirAll(root, 0o755), os.MkdirAll(filepath.Join(d.dir, "repos"), 0o755))
	if err == nil {
		err = errors.Join(
			os.WriteFile(conf, fmt.Appendf(nil, settings, d.dir), 0o644),
			os.WriteFile(filepath.Join(d.dir, "repos", "compose.repo"), repofile, 0o644))
	}
	if err != nil {
		return nil, fmt.Errorf("prepare dnf: %w", err)
	}
	args := append([]string{"-y", "-q", "--config", conf, "--installroot", root, "--releasever", "45"}, command...)
	if _, err := d.execute(ctx, "dnf", args...); err != nil {
		return nil, err
	}
	out, err := d.execute(ctx, "rpm", "--root", root, "-qa", "--qf", "%{name}-%{version}-%{release}.%{arch}\n")
	if err != nil {
		return nil, err
	}
	installed := strings.Fields(string(out))
	slices.Sort(installed)
	return installed, nil
}

func (d *dnf) execute(ctx context.Context, program string, args ...string) ([]byte, error) {
	words := slices.Concat(d.before, []string{program}, args)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // dnf and rpm, told by this package
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, bytes.TrimSpace(append(out.Bytes(), complaints.Bytes()...)))
	}
	return out.Bytes(), nil
}
