package koji

import "regexp"

// noTarget are the words for a build target that does not exist: of the builder,
// when the task fails (kojid, BuildTask), and of the hub, when it is asked for
// one (getBuildTarget, strict).
var noTarget = regexp.MustCompile(`(?:[Uu]nknown|No such|No matching) build[ _]target(?: found)?:? ['"]?([\w.+-]{1,100})`)

// NoTarget gives the build target that a fault says does not exist; empty if it
// says something else.
func NoTarget(fault string) string {
	if found := noTarget.FindStringSubmatch(fault); found != nil {
		return found[1]
	}
	return ""
}
