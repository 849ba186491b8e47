package publish

import (
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
)

// Root is compose.Root.
const Root = compose.Root

// Dir is the directory of a compose, with a slash at its end: ODCS's name.
func Dir(id int64) string { return compose.FilesPrefix(id) }

// RepoDir is where a tree's repository is below a compose's directory, as Pungi
// lays trees out: "compose/Temporary/x86_64/os".
func RepoDir(variant, arch, kind string) string {
	switch kind {
	case gather.Source:
		return "compose/" + variant + "/source/tree"
	case gather.Debug:
		return "compose/" + variant + "/" + arch + "/debug/tree"
	}
	return "compose/" + variant + "/" + arch + "/os"
}

// PackagePath is where Pungi would have put a package below a compose's
// directory. Nothing is there; who asks for it is sent to where it is.
func PackagePath(variant, arch, kind, file string) string {
	return RepoDir(variant, arch, kind) + "/Packages/" + strings.ToLower(file[:1]) + "/" + file
}
