package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sync"
	"time"
)

// Place is an address within the status page, relative to its front page:
// pr/fedora/rpms/bash/12.
type Place string

// Site is what a page of the status page knows of where it is.
type Site struct {
	// Base leads to the front page: ./ or ../../.
	Base string
	// JSON is where the page's twin is.
	JSON string
	// Query is what was searched for, to be shown in the search box.
	Query string
	// Section is the part of the status page it belongs to: "ops" or "".
	Section string
	// Refresh is after how many seconds the page renews itself; 0: it does not.
	Refresh int
	// Made is when the data were read.
	Made time.Time
}

// Front is the first page: what runs, what failed, and the search box.
type Front struct {
	// Going are the pull requests something is awaited for, those that began
	// last first; MoreGoing is how many there are besides, at least.
	Going     []Going `json:"going"`
	MoreGoing int     `json:"more_going,omitempty"`
	// Failed are runs that ended badly, Ended all that ended, the newest first.
	Failed []Ended `json:"failed"`
	Ended  []Ended `json:"ended"`
	// Counts are how the last runs ended, of Counted runs since Since.
	Counts  []Count   `json:"counts"`
	Counted int       `json:"counted"`
	Since   time.Time `json:"since,omitzero"`
}

// Going is a run that goes on.
type Going struct {
	PullRequest string    `json:"pull_request"`
	Place       Place     `json:"place"`
	Run         int       `json:"run"`
	Page        Place     `json:"page"`
	Title       string    `json:"title,omitempty"`
	Branch      string    `json:"branch,omitempty"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	Started     time.Time `json:"started,omitzero"`
	// Until is when what it waits for is looked after at the latest.
	Until time.Time `json:"until,omitzero"`
}

// Ended is a run that is over.
type Ended struct {
	PullRequest string    `json:"pull_request"`
	Place       Place     `json:"place"`
	Run         int       `json:"run"`
	Page        Place     `json:"page"`
	State       State     `json:"state"`
	Verdict     string    `json:"verdict"`
	At          time.Time `json:"at,omitzero"`
}

// Count is how often something was.
type Count struct {
	State State `json:"state"`
	Count int   `json:"count"`
}

// PullRequest is one pull request with all its runs.
type PullRequest struct {
	Name    string    `json:"name"`
	Package string    `json:"package"`
	At      Place     `json:"package_place"`
	Forge   Link      `json:"forge"` // its page there
	Title   string    `json:"title,omitempty"`
	Author  string    `json:"author,omitempty"`
	Branch  string    `json:"branch,omitempty"`
	Open    bool      `json:"open"`
	State   State     `json:"state"`
	Verdict string    `json:"verdict"`
	Updated time.Time `json:"updated,omitzero"`
	// Waits is what is awaited, the nearest end first.
	Waits []Wait `json:"waits,omitempty"`
	// Runs are the runs, the newest first.
	Runs []RunRow `json:"runs"`
	// Trail is what happened last, the newest first.
	Trail []Happened `json:"trail,omitempty"`
}

// Wait is something a pull request waits for.
type Wait struct {
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Times is how often it was asked for.
	Times int `json:"times,omitempty"`
}

// RunRow is one run of a pull request.
type RunRow struct {
	Number  int       `json:"number"`
	Page    Place     `json:"page"`
	Commit  string    `json:"commit"`
	State   State     `json:"state,omitempty"`
	Verdict string    `json:"verdict"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Happened is one line of what happened.
type Happened struct {
	At   time.Time `json:"at,omitzero"`
	Text string    `json:"text"`
}

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

// Ops is what an operator looks at.
type Ops struct {
	// Verdict says in one sentence whether a person is needed.
	Verdict string `json:"verdict"`
	State   State  `json:"state"`
	// Dead are the dead letters that failed alike, the largest group first, kept
	// since Since; More: there are others.
	Dead  []Dead    `json:"dead"`
	Since time.Time `json:"since,omitzero"`
	More  bool      `json:"more_dead,omitempty"`
	// Held is what waits for paused Triggers.
	Held []Held `json:"held"`
	// Stuck are deadlines nobody dealt with, Late those that have passed.
	Stuck []Due `json:"stuck"`
	Late  []Due `json:"late"`
	// Waiting counts the deadlines that stand; Next is the first.
	Waiting     int       `json:"waiting"`
	WaitingMore bool      `json:"waiting_more,omitempty"`
	Next        time.Time `json:"next,omitzero"`
	// Clock is when clock-tick last wrote, which it does only while something is
	// due; Bus when the message bus was last heard.
	Clock time.Time `json:"clock,omitzero"`
	Bus   time.Time `json:"bus,omitzero"`
	// Graph is where the graph of events is.
	Graph Place `json:"graph,omitempty"`
}

// Dead is a group of dead letters.
type Dead struct {
	Type     string    `json:"type"`
	To       string    `json:"to,omitempty"`
	Code     int       `json:"code,omitempty"`
	Cause    string    `json:"cause,omitempty"`
	Count    int       `json:"count"`
	Replayed int       `json:"replayed,omitempty"`
	Oldest   time.Time `json:"oldest,omitzero"`
	Newest   time.Time `json:"newest,omitzero"`
	Lines    []string  `json:"lines"`
}

// Held is what waits for one paused Trigger.
type Held struct {
	Trigger string    `json:"trigger"`
	Count   int       `json:"count"`
	More    bool      `json:"more,omitempty"`
	Oldest  time.Time `json:"oldest,omitzero"`
}

// Due is a deadline.
type Due struct {
	At     time.Time `json:"at,omitzero"`
	By     Seconds   `json:"late_seconds"`
	System string    `json:"system"`
	About  string    `json:"about"`
	Place  Place     `json:"place,omitempty"`
	What   string    `json:"what,omitempty"`
}

// Results is what a search found, or did not.
type Results struct {
	Query string `json:"query"`
	Hits  []Hit  `json:"hits"`
	// Searched says what was looked for, in words.
	Searched []string `json:"searched,omitempty"`
	// Days is how long what is searched is kept; 0: for ever.
	Days int `json:"kept_days,omitempty"`
	// Near are packages with a name like it.
	Near []Hit `json:"near,omitempty"`
}

// Hit is one thing found.
type Hit struct {
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Place Place  `json:"place"`
	Said  string `json:"said,omitempty"`
}

// Missing is a page that is not there.
type Missing struct {
	Title string `json:"error"`
	Text  string `json:"text"`
	// Back leads to what is there.
	Back     Place  `json:"back,omitempty"`
	BackText string `json:"back_text,omitempty"`
}

// Graph is the picture of which function hears what.
type Graph struct {
	Picture Place `json:"picture"`
}

// siteView is a page of the status page as its template needs it.
type siteView struct {
	sheet
	Site
	Data any
}

// RenderSite makes a page of the status page and its machine-readable twin: of
// a Front, PullRequest, Package, Ops, Results, Missing or Graph.
func RenderSite(site Site, data any) (html, twin []byte, err error) {
	if name := templateOf(data); name == "" {
		return nil, nil, fmt.Errorf("write a page: there is none for %T", data)
	}
	data = listed(clean(reflect.ValueOf(data))).Interface()
	site = clean(reflect.ValueOf(site)).Interface().(Site)
	name := templateOf(data)
	if twin, err = json.MarshalIndent(data, "", "  "); err != nil {
		return nil, nil, fmt.Errorf("write %s as JSON: %w", name, err)
	}
	more, err := files.ReadFile("site.css")
	if err != nil {
		return nil, nil, err // it is embedded
	}
	v := siteView{sheet: newSheet(string(more)), Site: site, Data: data}
	v.Policy = Policy("<style>" + v.CSS + "</style>")
	if html, err = execute(name, v); err != nil {
		return nil, nil, fmt.Errorf("write %s: %w", name, err)
	}
	return html, append(twin, '\n'), nil
}

// listed makes lists without elements of lists that are missing, for those who
// read the twin.
func listed(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return v
}

func templateOf(data any) string {
	switch data.(type) {
	case Front:
		return "front.tmpl"
	case PullRequest:
		return "pullrequest.tmpl"
	case Package:
		return "package.tmpl"
	case Ops:
		return "ops.tmpl"
	case Results:
		return "results.tmpl"
	case Missing:
		return "missing.tmpl"
	case Graph:
		return "graph.tmpl"
	}
	return ""
}

//nolint:gochecknoglobals // constant data: a compiled expression
var style = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<style>(.*?)</style>`) })

// Policy is the Content-Security-Policy a page is to be served with: nothing
// but its own style sheet, pictures and forms of its own origin.
func Policy[Text ~string | ~[]byte](html Text) string {
	allowed := "'none'"
	if m := style().FindSubmatch([]byte(html)); m != nil {
		sum := sha256.Sum256(m[1])
		allowed = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + allowed + "; img-src 'self'; form-action 'self'; base-uri 'none'"
}

// Version changes with the look of the pages.
//
//nolint:gochecknoglobals // constant data: a hash of the embedded files
var Version = sync.OnceValue(func() string {
	sum := sha256.New()
	entries, _ := files.ReadDir(".") // embedded
	for _, e := range entries {
		raw, _ := files.ReadFile(e.Name())
		_, _ = sum.Write(raw)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
})
