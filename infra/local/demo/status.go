package demo

import (
	"strings"

	"github.com/distaff-project/distaff/shared/pipeline"
)

// status is one line on a pull request, as its forge shows it.
type status struct {
	uid, commit, check, state, text, url string
}

// statuses are what the forge shows on the commits of a pull request, the
// oldest commit first.
func (p *play) statuses(sc *scene) []status {
	var list []status
	for _, commit := range sc.heads {
		for _, flag := range p.w.Forge.Flags(commit) {
			check := strings.TrimPrefix(flag.Name, p.w.Config.Name+" - ")
			list = append(list, status{flag.UID, commit, check, word(flag.Status, flag.Comment), flag.Comment, flag.URL})
		}
	}
	return list
}

// word is how a check stands. Pagure has one word for waiting and running, and
// one for skipped and cancelled; the text tells them apart, as it does to a
// reader.
func word(flag, text string) string {
	switch flag {
	case "success":
		return string(pipeline.Passed)
	case "failure":
		return string(pipeline.Failed)
	case "pending":
		if text == "Queued" {
			return string(pipeline.Queued)
		}
		return string(pipeline.Running)
	case "canceled":
		if strings.HasPrefix(text, "Skipped") {
			return string(pipeline.Skipped)
		}
		return string(pipeline.Cancelled)
	}
	return string(pipeline.Error)
}

func trim(raw []byte) string { return strings.TrimSpace(string(raw)) }
