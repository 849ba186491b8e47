package page

import "time"

// Package is one package with its pull requests.
type Package struct {
	Name string `json:"name"` // fedora/rpms/bash
	// PullRequests are those with the highest numbers, More how many others
	// there are.
	PullRequests []PackageRow `json:"pull_requests"`
	More         int          `json:"more,omitempty"`
	// The sums are of the newest run of each pull request listed that is over.
	Counts []Count `json:"counts"`
	// Rate is how many of a hundred runs with a verdict passed; -1: there is none.
	Rate   int     `json:"pass_rate"`
	Median Seconds `json:"median_seconds"`
	// Koji and Farm are how long both worked for it, in seconds.
	Koji   Seconds    `json:"koji_seconds"`
	Farm   Seconds    `json:"testing_farm_seconds"`
	Checks []CheckSum `json:"checks,omitempty"`
}

// PackageRow is one pull request of a package.
type PackageRow struct {
	PullRequest string    `json:"pull_request"`
	Number      int       `json:"number"`
	Place       Place     `json:"place"`
	Title       string    `json:"title,omitempty"`
	Author      string    `json:"author,omitempty"`
	Branch      string    `json:"branch,omitempty"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	Page        Place     `json:"page"`
	Changed     time.Time `json:"changed,omitzero"`
}

// CheckSum is how one check fared over several runs.
type CheckSum struct {
	Name   string `json:"name"`
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
	Infra  int    `json:"infrastructure_errors"`
	// Retried is how many runs needed more than one attempt.
	Retried int `json:"retried"`
	// Flaky tells that it had to be tried again in more than one of ten.
	Flaky bool `json:"flaky"`
}
