package repodata

import (
	"cmp"
	"strings"
)

// Compare orders packages as createrepo_c does, by their hrefs: by the file's
// name, then by its folder, byte by byte.
func Compare(a, b string) int {
	aDir, aName := split(a)
	bDir, bName := split(b)
	return cmp.Or(strings.Compare(aName, bName), strings.Compare(aDir, bDir))
}

func split(href string) (dir, name string) {
	at := strings.LastIndexByte(href, '/')
	if at < 0 {
		return "", href
	}
	return href[:at], href[at+1:]
}
