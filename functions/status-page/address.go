package statuspage

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	jsonSuffix = ".json"
	// pathMost and queryMost bound what is read of an address, in bytes.
	pathMost  = 2000
	queryMost = 500
)

// address is what of the site is asked for.
type address struct {
	parts []string
	json  bool
	query string
	// base leads from there to the front page.
	base string
	// self is the last part as it was written.
	self string
}

// parseAddress reads the address of a request. Whatever it says, at most it
// names a page that is not there.
func parseAddress(r *http.Request) address {
	raw := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	a := address{base: "./"}
	if n := strings.Count(raw, "/"); n > 0 && n < pathMost {
		a.base = strings.Repeat("../", n)
	}
	if values, err := url.ParseQuery(r.URL.RawQuery); err == nil {
		a.query = strings.TrimSpace(values.Get("q"))
	}
	a.json = wantsJSON(r.Header.Values("Accept"))
	path := strings.TrimPrefix(r.URL.Path, "/")
	if len(path) > pathMost {
		a.parts = []string{"too long"}
		return a
	}
	a.self = raw[strings.LastIndexByte(raw, '/')+1:]
	// A package may be called x.json: with a slash behind it, it is not its twin.
	path, slash := strings.CutSuffix(path, "/")
	if cut, ok := strings.CutSuffix(path, jsonSuffix); ok && !slash {
		path, a.json = cut, true
		a.self = strings.TrimSuffix(a.self, jsonSuffix)
	}
	if path != "" && path != "index" {
		a.parts = strings.Split(path, "/")
	}
	return a
}

func (a address) kind() string {
	if len(a.parts) == 0 {
		return ""
	}
	return a.parts[0]
}

// twin is where the same is as JSON, seen from the page. Of a page whose address
// cannot be said again there is none.
func (a address) twin() string {
	switch {
	case a.json:
		return ""
	case len(a.parts) == 0:
		return "./index" + jsonSuffix
	case a.self == "" || strings.ContainsAny(a.self, ":%"):
		return ""
	case a.query != "":
		return "./" + a.self + jsonSuffix + "?q=" + url.QueryEscape(a.query)
	}
	return "./" + a.self + jsonSuffix
}

// wantsJSON tells whether a caller takes JSON and no HTML: a browser names both.
func wantsJSON(accept []string) bool {
	all := strings.Join(accept, ",")
	return strings.Contains(all, "application/json") && !strings.Contains(all, "text/html")
}

// pullRequestAt reads forge, repository and number. Both forms are read: as
// people write a name, and as it stands in keys.
func pullRequestAt(parts []string) (event.PullRequestID, bool) {
	if len(parts) < 3 || len(parts) > 12 {
		return event.PullRequestID{}, false
	}
	if id, err := event.ParseDocument(strings.Join(parts, "/")); err == nil {
		return id, good(id)
	}
	last := len(parts) - 1
	n, ok := number(parts[last])
	id := event.PullRequestID{Forge: parts[0], Repo: strings.Join(parts[1:last], "/"), Number: n}
	return id, ok && good(id)
}

// good tells whether there can be anything of a pull request in a bucket.
func good(id event.PullRequestID) bool {
	if id.Forge == "" || id.Repo == "" || id.Number < 1 || strings.Contains("/"+id.Repo+"/", "//") {
		return false
	}
	return blob.CheckKey(state.DocumentKey(id.Document())) == nil
}

func runAt(parts []string) (find.Run, bool) {
	if len(parts) < 4 {
		return find.Run{}, false
	}
	last := len(parts) - 1
	n, ok := number(parts[last])
	id, ok2 := pullRequestAt(parts[:last])
	return find.Run{PullRequest: id, Number: n}, ok && ok2
}

// packageAt reads forge and repository; the number is of no meaning.
func packageAt(parts []string) (event.PullRequestID, bool) {
	return pullRequestAt(append(parts[:len(parts):len(parts)], "1"))
}

func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && strconv.Itoa(n) == text
}

func placeOf(id event.PullRequestID) page.Place { return page.Place("pr/" + id.Document()) }

func placeOfRun(id event.PullRequestID, run int) page.Place {
	return page.Place("run/" + id.Document() + "/" + strconv.Itoa(run))
}

func placeOfPackage(id event.PullRequestID) page.Place {
	path := id.Document()
	path = path[:strings.LastIndexByte(path, '/')]
	if strings.HasSuffix(path, jsonSuffix) {
		path += "/"
	}
	return page.Place("package/" + path)
}

// packageName gives the form people write: fedora/rpms/bash.
func packageName(id event.PullRequestID) string { return id.Forge + "/" + id.Repo }
