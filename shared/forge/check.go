package forge

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/event"
)

// Lengths in bytes up to which text of others is taken over.
const (
	maxLine    = 500
	maxComment = 16 << 10
	maxBranch  = 250
	maxRepo    = 120 // so that a document fits into one segment of a key, escaped
	maxURL     = 2000
)

var (
	segments = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*(/[A-Za-z0-9][A-Za-z0-9._+-]*){0,3}$`)
	sha      = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// CheckRepo tells whether path can be a repository: one to four segments of
// letters, digits and . _ + -, each beginning with a letter or digit. Such a
// path is safe in addresses, file names and object keys.
func CheckRepo(path string) error {
	if len(path) > maxRepo || !segments.MatchString(path) {
		return Malformed("%q is not the path of a repository", Line(path, maxRepo))
	}
	return nil
}

// CheckCommit tells whether text is the full id of a commit.
func CheckCommit(text string) error {
	if !sha.MatchString(text) {
		return Malformed("%q is not the full id of a commit", Line(text, 64))
	}
	return nil
}

// CheckBranch tells whether Git would take name for a branch (git
// check-ref-format), and whether it is of bearable length.
func CheckBranch(name string) error {
	bad := name == "" || len(name) > maxBranch || !utf8.ValidString(name) ||
		strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.Contains(name, "..") ||
		strings.Contains(name, "@{") || strings.Contains(name, "//") ||
		strings.HasPrefix(name, "-") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, ".") ||
		strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, ".lock")
	if bad || strings.ContainsFunc(name, unicode.IsControl) {
		return Malformed("%q is not the name of a branch", Line(name, maxBranch))
	}
	return nil
}

// CheckURL tells whether text is an http or https address without credentials.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return Malformed("%q is not a web address", Line(text, 200))
	}
	return nil
}

// CheckID tells whether id can name a pull request of the forge called forge.
func CheckID(id event.PullRequestID, forge string) error {
	if id.Forge != forge {
		return Malformed("%s is not of the forge %s", id, forge)
	}
	if id.Number < 1 {
		return Malformed("%d is not the number of a pull request", id.Number)
	}
	return CheckRepo(id.Repo)
}

// Line makes one line of at most limit bytes of text that others wrote.
func Line(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	return Cut(strings.TrimSpace(text), limit)
}

// Title makes a title of text that others wrote.
func Title(text string) string { return Line(text, maxLine) }

// CommentText makes a comment of bounded length of text that others wrote.
func CommentText(text string) string {
	return Cut(strings.ToValidUTF8(text, "?"), maxComment)
}

// Cut shortens text to at most limit bytes without splitting a character.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
