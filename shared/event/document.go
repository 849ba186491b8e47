package event

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// Document gives the path of the pull request's document in the bucket, one
// segment per part: fedora/rpms/bash/12. Labels begin with it.
func (id PullRequestID) Document() string {
	parts := []string{blob.Segment(id.Forge)}
	for part := range strings.SplitSeq(id.Repo, "/") {
		parts = append(parts, blob.Segment(part))
	}
	return strings.Join(append(parts, strconv.Itoa(id.Number)), "/")
}

// ParseDocument reads what Document writes.
func ParseDocument(path string) (PullRequestID, error) {
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return PullRequestID{}, fmt.Errorf("document %.80q: too few parts", path)
	}
	last := len(parts) - 1
	number, err := strconv.Atoi(parts[last])
	if err != nil || number < 1 || strconv.Itoa(number) != parts[last] {
		return PullRequestID{}, fmt.Errorf("document %.80q: does not end in a number", path)
	}
	for i := range parts[:last] {
		if parts[i], err = blob.Unsegment(parts[i]); err != nil {
			return PullRequestID{}, fmt.Errorf("document %.80q: %w", path, err)
		}
	}
	id := PullRequestID{Forge: parts[0], Repo: strings.Join(parts[1:last], "/"), Number: number}
	if id.Document() != path {
		return PullRequestID{}, fmt.Errorf("document %.80q: not in its one proper form", path)
	}
	return id, nil
}
