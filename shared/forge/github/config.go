// Package github speaks with GitHub: it reads its web hooks about pull
// requests, asks what a pull request is now, and shows statuses as check runs
// (as a GitHub App) or commit statuses (with a personal token).
//
// Forms and rules are those of https://docs.github.com/rest and
// https://docs.github.com/webhooks.
package github

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// Config is one GitHub.
type Config struct {
	// Name is the instance's name in our configuration: github.
	Name string
	// URL is its address: https://github.com. A message about a repository of
	// another address is ignored.
	URL string
	// API is the address of its REST interface. Empty: https://api.github.com/
	// for https://github.com, URL/api/v3/ for others (GitHub Enterprise).
	API string
	// Self are the users we act as there (an App is NAME[bot]). What they write
	// is not heard.
	Self []string
}

// PageURL is the web page of a pull request.
func (c Config) PageURL(id event.PullRequestID) string {
	return fmt.Sprintf("%s/%s/pull/%d", c.base(), id.Repo, id.Number)
}

func (c Config) base() string { return strings.TrimSuffix(c.URL, "/") }

// api ends in a slash, as go-github wants it.
func (c Config) api() string {
	switch {
	case c.API != "":
		return strings.TrimSuffix(c.API, "/") + "/"
	case c.base() == "https://github.com":
		return "https://api.github.com/"
	}
	return c.base() + "/api/v3/"
}

// path is OWNER/NAME of the repository shown at page. ok is false where that
// is another instance.
func (c Config) path(page string) (path string, ok bool, err error) {
	if page == "" {
		return "", false, forge.Malformed("it names no repository")
	}
	path, ok = strings.CutPrefix(strings.TrimSuffix(page, "/"), c.base()+"/")
	if !ok {
		return "", false, nil
	}
	if strings.Count(path, "/") != 1 {
		return "", false, forge.Malformed("%q is not OWNER/NAME", forge.Line(path, 200))
	}
	return path, true, forge.CheckRepo(path)
}
