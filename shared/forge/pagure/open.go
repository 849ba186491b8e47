package pagure

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

// mostPages bounds a list: 100 pages of 100 pull requests.
const mostPages = 100

// Open lists the open pull requests of a repository that changed at since or
// later. Pagure lists them by repository only.
func (c *Client) Open(ctx context.Context, repo string, since time.Time) ([]event.PullRequest, error) {
	if err := forge.CheckRepo(repo); err != nil {
		return nil, fmt.Errorf("list pull requests: %w", err)
	}
	var open []event.PullRequest
	for page := 1; page <= mostPages; page++ {
		var list struct {
			Requests   []pullRequest `json:"requests"`
			Pagination struct {
				Pages int `json:"pages"`
			} `json:"pagination"`
		}
		path := fmt.Sprintf("%s/pull-requests?status=Open&per_page=100&page=%d", repo, page)
		if err := c.get(ctx, path, &list); err != nil {
			return nil, fmt.Errorf("list pull requests of %s: %w", repo, err)
		}
		for i := range list.Requests {
			pr, foreign, err := c.config.read(&list.Requests[i])
			if err != nil || foreign != "" {
				continue // one odd pull request must not hide the others
			}
			if !pr.Updated.Before(since) {
				pr.Agent = pr.Author
				open = append(open, pr)
			}
		}
		if page >= list.Pagination.Pages || len(list.Requests) == 0 {
			return open, nil
		}
	}
	return open, nil
}
