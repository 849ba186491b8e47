package testingfarmtest

import (
	"bufio"
	"context"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// HostProvides is how results name the repository made of this machine.
const HostProvides = "host-provides (made from this machine), not Fedora"

// machine is this machine's architecture as RPM calls it.
func machine() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	default:
		return runtime.GOARCH
	}
}

// base is the repository to install on top of.
func (r *toolRun) base(ctx context.Context) (Repository, error) {
	if r.Base != nil {
		return *r.Base, nil
	}
	if why := r.absent("rpmbuild"); why != "" {
		return Repository{}, fmt.Errorf("there is no base repository, and none can be made: %s", why)
	}
	dir, err := r.hostRepository(ctx)
	if err != nil {
		return Repository{}, fmt.Errorf("make a repository of this machine: %w", err)
	}
	return Repository{Name: HostProvides, URL: "file://" + dir}, nil
}

// hostRepository builds one empty RPM that provides what this machine really
// has, so that a package's needs are held against something.
func (r *toolRun) hostRepository(ctx context.Context) (string, error) {
	r.host.Lock()
	defer r.host.Unlock()
	if r.host.dir != "" {
		return r.host.dir, nil
	}
	dir, err := os.MkdirTemp(r.Scratch, "host-provides-")
	if err != nil {
		return "", err
	}
	provides := hostHas()
	var spec strings.Builder
	spec.WriteString("Name: host-provides\nVersion: 1\nRelease: 1\nSummary: What this machine provides\nLicense: MIT\nAutoReqProv: no\n")
	for _, p := range provides {
		spec.WriteString("Provides: " + p + "\n")
	}
	spec.WriteString("%description\nEverything the machine of this Testing Farm has.\n%files\n")
	path := filepath.Join(r.scratch, "host-provides.spec")
	if err := os.WriteFile(path, []byte(spec.String()), 0o600); err != nil {
		return "", err
	}
	out, code, err := r.execute(ctx, r.find("rpmbuild"), "-bb", "--define", "_topdir "+filepath.Join(r.scratch, "rpmbuild"), "--define", "_rpmdir "+dir, path)
	if err == nil && code != 0 {
		err = fmt.Errorf("rpmbuild: %s", lastLine(out))
	}
	if err == nil {
		err = r.repository(ctx, dir)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	r.job.Logf("%s: %d capabilities", HostProvides, len(provides))
	r.host.dir = dir
	return dir, nil
}

// hostHas lists capabilities as RPM's generators write them: programs and
// their interpreters by path, libraries with the versions of their symbols,
// and the names of the packages these stand for.
func hostHas() []string {
	has := map[string]bool{}
	for _, dir := range []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin"} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if safeFile.MatchString(e.Name()) {
				has[filepath.Join(dir, e.Name())] = true
			}
		}
	}
	for _, path := range hostLibraries() {
		for _, capability := range libraryProvides(path) {
			has[capability] = true
		}
	}
	has["rtld(GNU_HASH)"] = true
	for name, file := range map[string]string{
		"bash": "/bin/bash", "coreutils": "/bin/ls", "findutils": "/usr/bin/find", "gawk": "/usr/bin/awk", "grep": "/bin/grep",
		"gzip": "/bin/gzip", "perl-interpreter": "/usr/bin/perl", "python3": "/usr/bin/python3", "sed": "/bin/sed", "tar": "/bin/tar",
		"glibc": "/usr/bin/ldd", "filesystem": "/usr", "systemd": "/usr/bin/systemctl", "ca-certificates": "/etc/ssl/certs",
	} {
		if _, err := os.Stat(file); err == nil {
			has[name] = true
		}
	}
	if target, err := filepath.EvalSymlinks("/usr/bin/python3"); err == nil {
		if version, ok := strings.CutPrefix(filepath.Base(target), "python"); ok && version != "3" {
			has["python(abi) = "+version] = true
		}
	}
	return slices.Sorted(maps.Keys(has))
}

// safeFile keeps to names a spec file takes literally.
var safeFile = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// hostLibraries are the shared libraries in the loader's own folders.
func hostLibraries() []string {
	dirs := []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64"}
	confs, _ := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	for _, conf := range confs {
		file, err := os.Open(conf)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "/") {
				dirs = append(dirs, strings.TrimSpace(lines.Text()))
			}
		}
		_ = file.Close()
	}
	found := map[string]bool{}
	for _, dir := range dirs {
		paths, _ := filepath.Glob(filepath.Join(dir, "*.so*"))
		for _, path := range paths {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				found[real] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// libraryProvides writes "libc.so.6()(64bit)" and one such for each symbol
// version the library defines.
func libraryProvides(path string) []string {
	file, err := elf.Open(path)
	if err != nil || file.Type != elf.ET_DYN {
		return nil
	}
	defer func() { _ = file.Close() }()
	names, err := file.DynString(elf.DT_SONAME)
	if err != nil || len(names) != 1 || !safeFile.MatchString(names[0]) {
		return nil
	}
	bits := ""
	if file.Class == elf.ELFCLASS64 {
		bits = "(64bit)"
	}
	list := []string{names[0] + "()" + bits}
	versions, _ := file.DynamicVersions()
	for _, v := range versions {
		// The base version is the library's own name.
		if v.Flags&elf.VER_FLG_BASE == 0 && safeFile.MatchString(v.Name) {
			list = append(list, names[0]+"("+v.Name+")"+bits)
		}
	}
	return list
}
