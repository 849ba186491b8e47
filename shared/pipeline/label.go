package pipeline

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// Label names one thing asked of an outside system on behalf of a run:
// fedora/rpms/bash/12/3/build/1 is the first attempt at the build of the third
// run. It travels with the request wherever the remote gives it back.
type Label struct {
	PullRequest event.PullRequestID
	Run         int
	What        string
	Attempt     int
}

func (l Label) String() string {
	return fmt.Sprintf("%s/%d/%s/%d", l.PullRequest.Document(), l.Run, l.What, l.Attempt)
}

// ParseLabel reads what String writes. It takes nothing else: labels come back
// from outside.
func ParseLabel(text string) (Label, error) {
	parts := strings.Split(text, "/")
	n := len(parts)
	if n < 6 || len(text) > 700 || blob.CheckKey(text) != nil {
		return Label{}, fmt.Errorf("label %.80q: not of the form FORGE/REPOSITORY/NUMBER/RUN/WHAT/ATTEMPT", text)
	}
	id, err := event.ParseDocument(strings.Join(parts[:n-3], "/"))
	if err != nil {
		return Label{}, fmt.Errorf("label %.80q: %w", text, err)
	}
	l := Label{PullRequest: id, What: parts[n-2]}
	l.Run, err = strconv.Atoi(parts[n-3])
	if err == nil {
		l.Attempt, err = strconv.Atoi(parts[n-1])
	}
	if err != nil || l.String() != text || l.Run < 0 || l.Attempt < 0 {
		return Label{}, fmt.Errorf("label %.80q: not in its one proper form", text)
	}
	return l, nil
}
