package statuspage

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/rpm"
)

// query is what a searched text may mean. It may mean several things.
type query struct {
	text string
	// repo and its like are a pull request, a run of it, or a package, as far as
	// they were said: bash, rpms/bash, fedora/rpms/bash.
	repo   string
	number int
	run    int
	// host is the machine of an address, which the pull request has to be on.
	host   string
	task   string
	commit string
	build  string // name-version-release
	name   string // its package
	// near is what the name of a package may begin with.
	near string
}

var (
	spoken     = regexp.MustCompile(`^([^\s#]+)#([1-9][0-9]{0,8})(?:/([1-9][0-9]{0,8}))?$`)
	onForge    = regexp.MustCompile(`^/(.+?)/(?:pull-request|pull|pulls|-/merge_requests)/([1-9][0-9]{0,8})(?:/.*)?$`)
	ourPage    = regexp.MustCompile(`/(?:runs?|pr)/([^#?]+?)/([1-9][0-9]{0,8})(?:/(?:index\.html|run\.json))?(?:\.json)?$`)
	taskID     = regexp.MustCompile(`^[1-9][0-9]{3,18}$`)
	sha        = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)
	repository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+/-]*$`)
	archSuffix = regexp.MustCompile(`\.(?:src|nosrc|noarch|x86_64|i686|aarch64|ppc64le|s390x|riscv64|armv7hl)$`)
)

// parseQuery reads a text somebody searches for. It takes any.
func parseQuery(text string) query {
	q := query{text: text}
	if len(text) > queryMost {
		return q
	}
	if u, err := url.Parse(text); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		q.address(u)
		return q
	}
	if m := spoken.FindStringSubmatch(text); m != nil {
		q.repo = m[1]
		q.number, _ = number(m[2])
		q.run, _ = number(m[3])
		return q
	}
	if taskID.MatchString(text) {
		q.task = text
	}
	if sha.MatchString(text) {
		q.commit = strings.ToLower(text)
	}
	if q.document(text) {
		return q
	}
	q.nvr(text)
	if repository.MatchString(text) && !strings.Contains(text, "//") {
		q.repo = strings.TrimSuffix(text, "/")
		q.near = q.repo
	}
	return q
}

// address reads an address: of a task in Koji, of a pull request on its forge,
// of a page of ours.
func (q *query) address(u *url.URL) {
	if id := u.Query().Get("taskID"); taskID.MatchString(id) {
		q.task = id
		return
	}
	if m := onForge.FindStringSubmatch(u.Path); m != nil {
		q.repo, q.host = m[1], u.Host
		q.number, _ = number(m[2])
		return
	}
	if m := ourPage.FindStringSubmatch(u.Path); m != nil {
		q.document(m[1] + "/" + m[2])
	}
}

// document reads a document's path, with or without a run behind it, or a label.
func (q *query) document(text string) bool {
	parts := strings.Split(text, "/")
	if len(parts) >= 6 { // a label: run, what and attempt follow
		if _, ok := number(parts[len(parts)-3]); ok {
			parts = parts[:len(parts)-2]
		}
	}
	if len(parts) < 3 {
		return false
	}
	if r, ok := runAt(parts); ok {
		if _, twice := number(parts[len(parts)-2]); twice {
			q.repo, q.number, q.run = packageName(r.PullRequest), r.PullRequest.Number, r.Number
			return true
		}
	}
	id, ok := pullRequestAt(parts)
	if ok {
		q.repo, q.number = packageName(id), id.Number
	}
	return ok
}

// nvr reads a build's name, also of one of its packages' files.
func (q *query) nvr(text string) {
	text = archSuffix.ReplaceAllString(strings.TrimSuffix(text, ".rpm"), "")
	n, err := rpm.ParseNVR(text)
	if err != nil || strings.Contains(text, "/") || !strings.ContainsAny(n.Version, "0123456789") {
		return
	}
	q.build, q.name = n.String(), n.Name
}

// searched says in words what is looked for.
func (q query) searched() []string {
	var all []string
	switch {
	case q.run > 0:
		all = append(all, "a run of a pull request")
	case q.number > 0:
		all = append(all, "a pull request")
	}
	if q.task != "" {
		all = append(all, "a Koji task with the number "+q.task)
	}
	if q.commit != "" {
		all = append(all, "a commit that begins with "+q.commit)
	}
	if q.build != "" {
		all = append(all, "the build "+q.build+" in the newest runs of "+q.name)
	}
	if q.near != "" {
		all = append(all, "a package called "+q.near)
	}
	if len(all) == 0 {
		return []string{"Nothing: the text is none of what can be searched"}
	}
	return all
}

// runOf is the run a query names, of a pull request that is there.
func (q query) runOf(id event.PullRequestID) find.Run {
	return find.Run{PullRequest: id, Number: q.run}
}
