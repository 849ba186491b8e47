package rpm

import "strings"

// Architectures that are no machine's.
const (
	Noarch = "noarch" // runs everywhere
	Source = "src"    // holds what a package is built from
	NoSrc  = "nosrc"  // the same, without some of the sources
)

// BaseArch is the family a package's architecture belongs to, by which Koji
// and repositories are divided: "i686" is "i386". Others are their own family.
// The rules are Koji's (koji.canonArch).
func BaseArch(arch string) string {
	switch {
	case len(arch) == 4 && arch[0] == 'i' && strings.HasSuffix(arch, "86"), arch == "athlon":
		return "i386"
	case arch == "ia32e":
		return "x86_64"
	case arch == "ppc64le":
		return arch
	case strings.HasPrefix(arch, "ppc64"):
		return "ppc64"
	case strings.HasPrefix(arch, "sparc64"):
		return "sparc64"
	case strings.HasPrefix(arch, "sparc"):
		return "sparc"
	case strings.HasPrefix(arch, "alpha"):
		return "alpha"
	case strings.HasPrefix(arch, "arm") && strings.Contains(arch[3:], "h"):
		return "armhfp"
	case strings.HasPrefix(arch, "arm"):
		return "arm"
	}
	return arch
}

// FromGo is the architecture of rpm that runs what Go calls goarch: "amd64" is
// "x86_64". It answers "" for one Fedora has never had.
func FromGo(goarch string) string {
	switch goarch {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "386":
		return "i686"
	case "arm":
		return "armv7hl"
	case "ppc64", "ppc64le", "s390x", "riscv64":
		return goarch
	}
	return ""
}

// IsSource tells whether arch is that of a source package.
func IsSource(arch string) bool { return arch == Source || arch == NoSrc }
