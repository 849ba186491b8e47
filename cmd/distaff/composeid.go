package main

import (
	"regexp"
	"strconv"
	"strings"
)

// composeID reads the number of a compose: 12, odcs-12, its Pungi id, or an
// address of it or of anything in it.
func composeID(text string) (int64, error) {
	digits := text
	for _, form := range []string{
		`^(?:compose[ :/#-]?)?([0-9]+)$`, `^#([0-9]+)$`, `(?:^|/)odcs-([0-9]+)(?:[/.-].*)?$`, `/composes/([0-9]+)/?$`, `/compose-page/([0-9]+)(?:[/.?].*)?$`,
	} {
		if m := regexp.MustCompile(form).FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			digits = m[1]
			break
		}
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || id < 1 {
		return 0, failed(exitUsage, "%.80q is no compose: write its number, or an address of it; distaff compose list shows them", text)
	}
	return id, nil
}
