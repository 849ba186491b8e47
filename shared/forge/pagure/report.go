package pagure

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/distaff-project/distaff/shared/forge"
)

// Report shows a status as a flag of its commit. Reporting one again changes
// nothing, since the flag is kept under the status's uid.
//
// Pagure has flags of pull requests too, but those go to whatever commit is
// the head when the call arrives. The page of a pull request shows the flags
// of its head commit in either case.
func (c *Client) Report(ctx context.Context, s forge.Status) error {
	if err := s.Check(c.config.Name); err != nil {
		return fmt.Errorf("show %q on %s: %w", s.Name, s.PullRequest, err)
	}
	form := url.Values{
		"username": {s.Name},
		"comment":  {forge.Title(s.Text)},
		"url":      {cmp.Or(s.URL, c.config.PageURL(s.PullRequest))}, // Pagure takes no flag without one
		"status":   {flagOf(s.State)},
		"uid":      {s.UID},
	}
	if !s.State.Final() && s.Percent > 0 {
		form.Set("percent", strconv.Itoa(s.Percent))
	}
	if err := c.post(ctx, s.PullRequest.Repo+"/c/"+s.Commit+"/flag", form); err != nil {
		return fmt.Errorf("show %q on %s: %w", s.Name, s.PullRequest, err)
	}
	return nil
}

// flagOf is how Pagure shows a state. It knows neither "running", which is
// pending with a percentage, nor "skipped". What judges nothing is a success:
// shown as an error it would read as one.
func flagOf(s forge.State) string {
	switch s {
	case forge.Queued, forge.Running:
		return "pending"
	case forge.Passed, forge.Neutral:
		return "success"
	case forge.Failed:
		return "failure"
	case forge.Skipped, forge.Cancelled:
		return "canceled"
	default:
		return "error"
	}
}
