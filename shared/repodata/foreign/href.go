package foreign

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxHref = 4096

// checkHref refuses a place that is not below the repository. The packages it
// names are downloaded by whoever installs from a repository of ours.
func checkHref(href string) error {
	bad := func(reason string) error { return fmt.Errorf("href %.200q %s", href, reason) }
	switch {
	case href == "":
		return errors.New("href is empty")
	case len(href) > maxHref:
		return bad("is too long")
	case hasControl(href):
		return bad("has a control character or is no UTF-8")
	case href[0] == '/':
		return bad("begins at the server's root: it must be below the repository")
	case strings.ContainsAny(href, "\\?#"):
		return bad("has a backslash, a query or a fragment")
	}
	if first, _, _ := strings.Cut(href, "/"); strings.Contains(first, ":") {
		return bad("is a URL of its own: it must be below the repository")
	}
	if reason := leaves(href); reason != "" {
		return bad(reason)
	}
	return nil
}

// leaves says how a path gets out of its folder. What a server takes for ..
// counts, however it is written.
func leaves(path string) (reason string) {
	for range 3 {
		for segment := range strings.SplitSeq(path, "/") {
			if segment == ".." {
				return "has .. in it: it must be below the repository"
			}
		}
		if hasControl(path) || strings.Contains(path, "\\") {
			return "hides a control character or a backslash"
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || decoded == path {
			return "" // dnf takes a % as it is
		}
		path = decoded
	}
	return "is escaped more than twice"
}

// checkBase gives an xml:base with a final slash.
func checkBase(base string) (string, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || hasControl(base) || len(base) > maxHref:
		return "", fmt.Errorf("xml:base %.200q is no URL", base)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("xml:base %.200q does not begin with https:// or http://", base)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("xml:base of host %.100q has a user, query or fragment", u.Host)
	}
	if reason := leaves(u.Path); reason != "" {
		return "", fmt.Errorf("xml:base %.200q %s", base, reason)
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

func hasControl(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}
