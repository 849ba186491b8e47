// Package pagure speaks with a Pagure, the forge that holds Fedora's dist-git:
// it reads what its message bus and its web hooks tell of pull requests, asks
// what a pull request is now, and shows statuses as flags of a commit.
//
// Forms and rules are those of Pagure 5: https://docs.pagure.org/pagure/usage/,
// https://pagure.io/api/0/, and what Fedora's instance was seen to do.
package pagure

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// Config is one Pagure.
type Config struct {
	// Name is the instance's name in our configuration: fedora.
	Name string
	// URL is its address without a slash at the end: https://src.fedoraproject.org.
	// A message about a project of another address is ignored.
	URL string
	// Self are the users we act as there. What they write is not heard.
	Self []string
}

// GitURL is the address Git fetches a repository from. Pagure serves the fork
// shown at /fork/USER/… as /forks/USER/….git.
func (c Config) GitURL(repo string) string {
	if rest, ok := strings.CutPrefix(repo, "fork/"); ok {
		repo = "forks/" + rest
	}
	return c.base() + "/" + repo + ".git"
}

// PageURL is the web page of a pull request.
func (c Config) PageURL(id event.PullRequestID) string {
	return fmt.Sprintf("%s/%s/pull-request/%d", c.base(), id.Repo, id.Number)
}

func (c Config) base() string { return strings.TrimSuffix(c.URL, "/") }

// latest is the largest time taken: far in the future, and still one JSON can hold.
const latest = 1 << 37

// unix reads Pagure's times: seconds since 1970, in a string.
func unix(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || seconds > latest {
		return time.Time{}, forge.Malformed("%q is not a time in seconds", forge.Line(text, 40))
	}
	return time.Unix(seconds, 0).UTC(), nil
}
