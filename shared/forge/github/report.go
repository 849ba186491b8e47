package github

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/forge"
)

// Lengths GitHub takes.
const (
	maxSummary     = 65535 // characters of a check run's summary
	maxDescription = 140   // characters of a commit status's description
)

// Report shows a status. Reporting one again changes nothing: as an App the
// check run of the status's uid is changed; with a personal token a commit
// status of the same name replaces the one before it, also one of another pull
// request with the same commit, since those are told apart by name only.
func (c *Client) Report(ctx context.Context, s forge.Status) error {
	err := s.Check(c.config.Name)
	if err == nil {
		err = c.report(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("show %q on %s: %w", s.Name, s.PullRequest, c.done(s.PullRequest.Repo, err))
	}
	return nil
}

func (c *Client) report(ctx context.Context, s forge.Status) error {
	api, err := c.as(ctx, s.PullRequest.Repo)
	if err != nil {
		return err
	}
	s.URL = cmp.Or(s.URL, c.config.PageURL(s.PullRequest))
	name, rest := owner(s.PullRequest.Repo)
	if c.app == nil {
		_, _, err = api.Repositories.CreateStatus(ctx, name, rest, s.Commit, &github.RepoStatus{
			State:       github.String(statusOf(s.State)),
			TargetURL:   &s.URL,
			Description: github.String(forge.Line(s.Text, maxDescription)),
			Context:     &s.Name,
		})
		return err
	}
	have, err := c.find(ctx, api, s)
	if err != nil {
		return err
	}
	status, conclusion := checkOf(s.State)
	output := &github.CheckRunOutput{
		Title: github.String(forge.Title(s.Text)), Summary: github.String(summary(s)),
	}
	var ended *github.Timestamp
	if conclusion != nil {
		ended = &github.Timestamp{Time: c.now()}
	}
	// One check run for each status, whatever comes: GitHub lets an App reset a
	// completed one, and a second of the same name would only puzzle people. The
	// caller sees to it that no two of us create one at the same time.
	if have == nil {
		_, _, err = api.Checks.CreateCheckRun(ctx, name, rest, github.CreateCheckRunOptions{
			Name: s.Name, HeadSHA: s.Commit, DetailsURL: &s.URL, ExternalID: &s.UID,
			Status: &status, Conclusion: conclusion, CompletedAt: ended, Output: output,
		})
		return err
	}
	_, _, err = api.Checks.UpdateCheckRun(ctx, name, rest, have.GetID(), github.UpdateCheckRunOptions{
		Name: s.Name, DetailsURL: &s.URL, ExternalID: &s.UID,
		Status: &status, Conclusion: conclusion, CompletedAt: ended, Output: output,
	})
	return err
}

// find gives the newest check run with the status's uid, or nil.
func (c *Client) find(ctx context.Context, api *github.Client, s forge.Status) (*github.CheckRun, error) {
	name, rest := owner(s.PullRequest.Repo)
	ask := &github.ListCheckRunsOptions{
		CheckName: &s.Name, Filter: github.String("all"), AppID: &c.app.id,
		ListOptions: github.ListOptions{PerPage: perPage},
	}
	var newest *github.CheckRun
	for {
		list, resp, err := api.Checks.ListCheckRunsForRef(ctx, name, rest, s.Commit, ask)
		if err != nil {
			return nil, err
		}
		for _, run := range list.CheckRuns {
			if run.GetExternalID() == s.UID && run.GetID() > newest.GetID() {
				newest = run
			}
		}
		if resp.NextPage == 0 {
			return newest, nil
		}
		ask.Page = resp.NextPage
	}
}

// summary is required beside a title, so it is never empty.
func summary(s forge.Status) string {
	return forge.Cut(cmp.Or(s.Summary, s.Text), maxSummary)
}

// checkOf is how a check run shows a state.
func checkOf(s forge.State) (status string, conclusion *string) {
	switch s {
	case forge.Queued:
		return "queued", nil
	case forge.Running:
		return "in_progress", nil
	case forge.Passed:
		return "completed", github.String("success")
	case forge.Skipped:
		return "completed", github.String("skipped")
	case forge.Cancelled:
		return "completed", github.String("cancelled")
	case forge.Neutral:
		return "completed", github.String("neutral")
	default: // GitHub knows no failing of the machinery
		return "completed", github.String("failure")
	}
}

// statusOf is how a commit status shows a state. It knows neither skipped,
// neutral nor cancelled.
func statusOf(s forge.State) string {
	switch s {
	case forge.Queued, forge.Running:
		return "pending"
	case forge.Passed, forge.Skipped, forge.Neutral:
		return "success"
	case forge.Failed:
		return "failure"
	default:
		return "error"
	}
}
