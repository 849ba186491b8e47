package pipeline

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Build is the id of the scratch build among the checks; every other check is
// a test at Testing Farm and named as there.
const Build = "build"

// Custom is the check that runs the package's own tests.
const Custom = "custom"

// Rules are what an instance's configuration says about checking.
type Rules struct {
	// Koji and Farm are the instances asked.
	Koji string
	Farm string
	// Checks are the tests run, in the order shown.
	Checks []CheckRule
	// Docs are globs of files that need no check, matched against the whole
	// path and its last part.
	Docs []string
	// Forges are the pull requests taken part in, by forge instance.
	Forges map[string]Taken
	// BuildLimit and TestLimit are how long a build or test may take in all,
	// waiting included.
	BuildLimit time.Duration
	TestLimit  time.Duration
	// Pages is the address under which result pages are found.
	Pages string
	// SCM makes Koji's address of a commit of a repository.
	SCM func(source, commit string) string
}

// CheckRule is what is said about one check.
type CheckRule struct {
	ID       string
	Required bool
	// Needs are the checks that must have passed before this one is started.
	Needs []string
}

// Taken says which repositories of a forge take part.
type Taken struct {
	// Namespaces are the first parts of the paths that are dist-git: rpms, tests.
	Namespaces []string
	// Packages are globs of repository paths or names; with OptIn only those
	// take part, else all but Except.
	OptIn    bool
	Packages []string
	Except   []string
}

// Why tells why pull requests to a repository are not checked; empty if they
// are.
func (r Rules) Why(id event.PullRequestID) string {
	taken, ok := r.Forges[id.Forge]
	if !ok {
		return fmt.Sprintf("the forge %q is not in the configuration", id.Forge)
	}
	namespace, _, _ := strings.Cut(id.Repo, "/")
	switch {
	case !slices.Contains(taken.Namespaces, namespace):
		return fmt.Sprintf("the namespace %q is not among those checked (%s)", namespace, strings.Join(taken.Namespaces, ", "))
	case taken.OptIn && !matchAny(taken.Packages, id.Repo):
		return id.Repo + " has not opted in"
	case matchAny(taken.Except, id.Repo):
		return id.Repo + " has opted out"
	}
	return ""
}

// matchAny matches a path as a whole or by its last part.
func matchAny(globs []string, name string) bool {
	for _, glob := range globs {
		whole, _ := path.Match(glob, name)
		last, _ := path.Match(glob, path.Base(name))
		if whole || last {
			return true
		}
	}
	return false
}

// docsOnly tells whether a change touches nothing but documentation.
func (r Rules) docsOnly(files []string) bool {
	for _, file := range files {
		if !matchAny(r.Docs, file) {
			return false
		}
	}
	return len(files) > 0
}

// hasBuild tells whether a repository is built: those of the tests namespace
// hold tests only.
func hasBuild(id event.PullRequestID) bool { return !strings.HasPrefix(id.Repo, "tests/") }

// checks are the checks of a repository, the build first.
func (r Rules) checks(id event.PullRequestID) []CheckRule {
	if !hasBuild(id) {
		return []CheckRule{{ID: Custom, Required: true}}
	}
	return append([]CheckRule{{ID: Build, Required: true}}, r.Checks...)
}

// Page is the address of a run's result page.
func (r Rules) Page(id event.PullRequestID, run int) string {
	return fmt.Sprintf("%s/%s", strings.TrimSuffix(r.Pages, "/"), RunKey(id, run)+"index.html")
}

// RunKey is where a run's pages lie.
func RunKey(id event.PullRequestID, run int) string {
	return fmt.Sprintf("runs/%s/%d/", id.Document(), run)
}
