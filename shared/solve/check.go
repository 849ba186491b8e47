package solve

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Bounds of a request.
const (
	maxRepos    = 200
	maxPatterns = 100_000
)

func (r Request) check() error {
	if !word(r.Arch) || rpm.IsSource(r.Arch) || r.Arch == rpm.Noarch {
		return fmt.Errorf("solve dependencies for the architecture %.40q: it is none of a tree", r.Arch)
	}
	if len(r.Repos) == 0 || len(r.Repos) > maxRepos {
		return fmt.Errorf("solve dependencies in %d repositories: 1 to %d are possible", len(r.Repos), maxRepos)
	}
	names := map[string]bool{}
	for _, repo := range r.Repos {
		if !word(repo.Name) || names[repo.Name] {
			return fmt.Errorf("%w %.80q: it needs a name of its own", ErrRepo, repo.Name)
		}
		names[repo.Name] = true
	}
	for _, list := range [][]string{r.Include, r.Exclude, r.MultilibInclude, r.MultilibExclude} {
		if len(list) > maxPatterns {
			return fmt.Errorf("%d packages are named: %d are possible", len(list), maxPatterns)
		}
		for _, pattern := range list {
			if pattern == "" || len(pattern) > 300 || strings.ContainsFunc(pattern, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '/' }) {
				return fmt.Errorf("%.120q is no name of a package", pattern)
			}
		}
	}
	for _, method := range r.Multilib {
		if !slices.Contains([]Method{Runtime, Devel, All}, method) {
			return fmt.Errorf("multilib method %.40q: known are runtime, devel and all", method)
		}
	}
	if !slices.Contains([]Greedy{GreedyNone, GreedyBuild, GreedyAll}, r.Greedy) {
		return fmt.Errorf("greedy method %.40q: known are build and all", r.Greedy)
	}
	return nil
}

func word(text string) bool {
	return text != "" && len(text) <= 200 && text[0] != '-' && text[0] != '.' && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '_' && c != '-'
	})
}

// address is the folder of a repository, if it is on this machine, or else its URL.
func (r Repo) address(arch string) (dir string, remote *url.URL, err error) {
	at := strings.NewReplacer("$basearch", arch, "$arch", arch).Replace(r.URL)
	if strings.HasPrefix(at, "/") {
		return at, nil, nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", nil, fmt.Errorf("%w %s: its address is neither http nor a folder", ErrRepo, r.Name)
	}
	return "", u, nil
}

// machine is what rpm calls the newest processor of a tree's architecture, as
// Pungi takes it (pungi/arch.py).
func machine(arch string) string {
	switch arch {
	case "i386":
		return "i686"
	case "arm":
		return "armv7l"
	case "armhfp":
		return "armv7hnl"
	case "sparc":
		return "sparc64v"
	}
	return arch
}

// native are the architectures of a tree's packages, multilib those of the second
// one that the same machine runs.
func native(arch string) []string {
	switch arch {
	case "i386":
		return []string{"i686", "i586", "i486", "i386", "athlon", "geode", rpm.Noarch}
	case "x86_64":
		return []string{"x86_64", "amd64", "ia32e", rpm.Noarch}
	case "armhfp":
		return []string{"armv7hl", "armv7hnl", "armv6hl", rpm.Noarch}
	case "arm":
		return []string{"armv7l", "armv6l", "armv5tejl", "armv5tel", "armv5tl", rpm.Noarch}
	}
	return []string{arch, rpm.Noarch}
}

func multilib(arch string) []string {
	switch arch {
	case "x86_64":
		return []string{"i686", "i586", "i486", "i386", "athlon", "geode"}
	case "ppc64":
		return []string{"ppc"}
	case "s390x":
		return []string{"s390"}
	}
	return nil
}
