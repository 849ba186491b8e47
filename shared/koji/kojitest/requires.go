package kojitest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// HostHas tells whether this machine has what a BuildRequires asks for; the
// error says what was looked for in vain.
//
// On a machine of rpm packages its database answers, exactly. On any other one,
// where the database is empty, the answer is a look at what the package would
// have brought: the file a path names, the module pkg-config knows, or the
// program such a package is there for. What none of these covers counts as
// missing, as a package missing in the build tag does; a version, other than
// pkg-config's, is not looked at.
func HostHas(ctx context.Context, capability string) error {
	name, _, _ := strings.Cut(capability, " ")
	if strings.HasPrefix(name, "rpmlib(") {
		return nil // rpmbuild itself refuses what it does not know
	}
	if installed(ctx) {
		return asked(ctx, "rpm", "-q", "--whatprovides", name)
	}
	if strings.HasPrefix(name, "/") {
		_, err := os.Stat(filepath.Clean(name))
		return err
	}
	if m := regexp.MustCompile(`^pkgconfig\(([A-Za-z0-9.+_-]+)\)(?: (>=|=|<=) (\S+))?$`).FindStringSubmatch(capability); m != nil {
		query := m[1]
		if m[2] != "" {
			query += " " + m[2] + " " + m[3]
		}
		return asked(ctx, "pkg-config", "--exists", "--", query)
	}
	program := programs(name)
	if program == "" {
		return errors.New("not known how to find it on this machine")
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("no program %s", program)
	}
	return nil
}

// programs gives the program by which a package is recognised. Only packages
// that are there for their program are named: a library has none.
func programs(name string) string {
	name = strings.TrimSuffix(name, "(x86-64)")
	switch name {
	case "gcc-c++":
		return "g++"
	case "coreutils":
		return "ls"
	case "findutils":
		return "find"
	case "gettext":
		return "msgfmt"
	case "ninja-build":
		return "ninja"
	case "perl-interpreter":
		return "perl"
	case "golang", "go-toolset":
		return "go"
	case "rpm-build":
		return "rpmbuild"
	case "systemd-rpm-macros", "go-rpm-macros", "python3-devel":
		return "" // macros and headers: no program tells
	case "autoconf", "automake", "bash", "bison", "bzip2", "cmake", "diffutils", "flex", "gawk", "gcc", "git",
		"grep", "gzip", "libtool", "m4", "make", "meson", "patch", "perl", "pkgconf", "python3", "rpm", "sed", "tar",
		"texinfo", "unzip", "which", "xz", "zip":
		switch name {
		case "diffutils":
			return "diff"
		case "libtool":
			return "libtoolize"
		case "pkgconf":
			return "pkg-config"
		case "texinfo":
			return "makeinfo"
		}
		return name
	}
	return ""
}

// installed tells whether this machine's packages are rpm's.
func installed(ctx context.Context) bool { return asked(ctx, "rpm", "-q", "--quiet", "rpm") == nil }

func asked(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		if text := strings.TrimSpace(string(out)); text != "" {
			return errors.New(strings.SplitN(text, "\n", 2)[0])
		}
		return fmt.Errorf("%s does not know it", name)
	}
	return nil
}
