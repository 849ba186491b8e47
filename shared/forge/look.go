package forge

import (
	"path"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// MaxFiles is how many changed files a look names.
const MaxFiles = 1000

// Look is what a forge shows of a pull request when it is asked.
type Look struct {
	PullRequest event.PullRequestID
	URL         string
	Title       string
	Author      string
	// Branch is the branch it is to be merged into.
	Branch string
	// Head is its newest commit. What follows is true of Head, whichever commit
	// was asked about. Empty where the forge does not know it yet.
	Head string
	// Source is the address Git fetches Head from; SourceURL its web page.
	Source       string
	SourceURL    string
	SourceBranch string
	// Updated is the forge's own time of the last change.
	Updated time.Time
	Open    bool
	Merged  bool

	// Gone: Head cannot be read from Source any more: the fork was deleted, or
	// it was force-pushed a moment ago. Nothing below is known then, nor when
	// the pull request is not open.
	Gone bool
	// Moved: the commit asked about is not Head any more.
	Moved bool
	// Files are the changed files, at most MaxFiles of them, sorted by path.
	// More tells that there are more of them.
	Files []File
	More  bool
	// HasSpec: there is a spec file at Head. SpecRemoved: there is none, and
	// the pull request is what removes it.
	HasSpec     bool
	SpecRemoved bool
	// Dead: there is a dead.package file at Head: the package is retired.
	Dead bool
	// FMF: there is a .fmf/version file at Head: the package has own tests.
	FMF bool
}

// Change is what was done to a file.
type Change string

// Changes, as Git writes them.
const (
	Added    Change = "A"
	Modified Change = "M"
	Deleted  Change = "D"
	Renamed  Change = "R"
)

// File is one file that a pull request changes.
type File struct {
	Path   string
	Change Change
	// Was is the earlier path of a renamed file.
	Was string
}

// Judge sets what the names in the root folder at Head and the changed files
// tell of the package.
func (l *Look) Judge(root []string) {
	for _, name := range root {
		switch {
		case strings.HasSuffix(name, ".spec"):
			l.HasSpec = true
		case name == "dead.package":
			l.Dead = true
		}
	}
	if l.HasSpec {
		return
	}
	for _, f := range l.Files {
		lost := f.Path
		if f.Change == Renamed {
			lost = f.Was
		}
		if (f.Change == Deleted || f.Change == Renamed) && path.Dir(lost) == "." && strings.HasSuffix(lost, ".spec") {
			l.SpecRemoved = true
		}
	}
}

// Answer is the look as the answer to a question labelled label.
func (l Look) Answer(label string) event.Change {
	c := event.Change{
		PullRequestID: l.PullRequest, Label: label,
		Head: l.Head, Branch: l.Branch, Source: l.Source, Title: l.Title, Author: l.Author, URL: l.URL,
		Updated: l.Updated, Open: l.Open, Merged: l.Merged,
		Dead: l.Dead, FMF: l.FMF,
	}
	for _, f := range l.Files {
		c.Files = append(c.Files, f.Path)
	}
	// Of a closed pull request, or a head nobody can read, nothing is known.
	c.NoSpec = l.Open && !l.Gone && l.Head != "" && !l.HasSpec
	return c
}
