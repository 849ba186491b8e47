package testingfarm

import (
	"encoding/json"
	"strings"
	"time"
)

// Outcome is where a request stands, in one word.
type Outcome string

// The outcomes. Requested to Running may still change, the rest are final.
const (
	// Requested: known, but nothing is said of it that we understand yet.
	Requested Outcome = "requested"
	Queued    Outcome = "queued"
	Running   Outcome = "running"
	Passed    Outcome = "passed"
	Failed    Outcome = "failed"
	// Error: the infrastructure, or the plan itself, broke; the package was
	// not judged.
	Error           Outcome = "error"
	Skipped         Outcome = "skipped"
	Cancelled       Outcome = "cancelled"
	NeedsInspection Outcome = "needs_inspection"
)

// Final reports whether the outcome will not change any more.
func (o Outcome) Final() bool {
	switch o {
	case Requested, Queued, Running:
		return false
	default:
		return true
	}
}

// Result is what Testing Farm says of one request.
type Result struct {
	ID      string
	Label   string // ours, empty for a request of somebody else
	Outcome Outcome
	// State and Overall are the two words the outcome was made of.
	State, Overall string
	// Note is Testing Farm's own sentence: why it broke, why it was skipped.
	Note string
	// Compose and Arch are of the first environment asked for.
	Compose, Arch string
	// Created and Updated are in UTC; zero if not said.
	Created, Updated time.Time
	// Queued is how long it waited, Ran how long it was worked on.
	Queued, Ran time.Duration
	// Artifacts is the address of the folder with all logs, empty until it
	// runs.
	Artifacts string
	// Report holds plans and tests. Only Look fills it.
	Report Report
	// Unread says in words why the Report is missing or not whole.
	Unread string

	xunit    string
	xunitURL string
}

// Stopping reports whether somebody has asked to stop it, and it is not over
// yet.
func (r Result) Stopping() bool { return r.State == "cancel-requested" }

// Of makes one outcome of the two words Testing Farm uses. It differs from
// what Fedora's dist-git CI shows today where that misleads: "new" is queued,
// not an error; a state of "error" is one whatever the overall says (often
// "unknown"); "canceled" is no error; and an end without a verdict is one.
func Of(state, overall string) Outcome {
	switch state {
	case "new", "queued":
		return Queued
	case "running", "cancel-requested":
		return Running
	case "canceled":
		return Cancelled
	case "error":
		return Error
	case "complete":
		return verdict(overall)
	default:
		return Requested
	}
}

func verdict(overall string) Outcome {
	switch overall {
	case "passed", "info": // info is what tmt calls a pass that only tells
		return Passed
	case "failed":
		return Failed
	case "skipped", "not_applicable":
		return Skipped
	case "needs_inspection":
		return NeedsInspection
	case "canceled":
		return Cancelled
	default:
		return Error
	}
}

// reply is the part of a request object that is read.
type reply struct {
	ID           string `json:"id"`
	State        string `json:"state"`
	Environments []struct {
		Arch string `json:"arch"`
		OS   *struct {
			Compose string `json:"compose"`
		} `json:"os"`
		// Values may be anything in requests of other people.
		Variables map[string]any `json:"variables"`
	} `json:"environments_requested"`
	Result *struct {
		Summary  string `json:"summary"`
		Overall  string `json:"overall"`
		Xunit    string `json:"xunit"`
		XunitURL string `json:"xunit_url"`
	} `json:"result"`
	Run *struct {
		Artifacts string `json:"artifacts"`
	} `json:"run"`
	QueuedTime float64 `json:"queued_time"`
	RunTime    float64 `json:"run_time"`
	Created    string  `json:"created"`
	Updated    string  `json:"updated"`
}

// Read decodes one request object, without its tests.
func Read(raw []byte) (Result, error) {
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		return Result{}, err
	}
	return r.result(), nil
}

func (r reply) result() Result {
	out := Result{
		ID: r.ID, State: clip(r.State, 40),
		Created: utc(r.Created), Updated: utc(r.Updated),
		Queued: seconds(r.QueuedTime), Ran: seconds(r.RunTime),
	}
	if r.Result != nil {
		out.Overall, out.Note = clip(r.Result.Overall, 40), clip(r.Result.Summary, 500)
		out.xunit, out.xunitURL = r.Result.Xunit, r.Result.XunitURL
	}
	if r.Run != nil && webAddress(r.Run.Artifacts) {
		out.Artifacts = strings.TrimRight(r.Run.Artifacts, "/")
	}
	if len(r.Environments) > 0 {
		first := r.Environments[0]
		out.Arch = clip(first.Arch, 40)
		if first.OS != nil {
			out.Compose = clip(first.OS.Compose, 100)
		}
		if label, ok := first.Variables[LabelVariable].(string); ok && safeLabel(label) {
			out.Label = label
		}
	}
	out.Outcome = Of(out.State, out.Overall)
	return out
}

// utc reads a time; those without a zone are in UTC.
func utc(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.DateTime + ".999999999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// seconds bounds what it is given to a year: it is shown, and added up.
func seconds(s float64) time.Duration {
	const year = 365 * 24 * 3600
	if !(s > 0) { // also NaN
		return 0
	}
	return time.Duration(min(s, year) * float64(time.Second))
}

// clip makes outside text one line of at most n runes.
func clip(s string, n int) string {
	if len(s) > 8*n {
		s = s[:8*n]
	}
	clean := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return r <= ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\u2028' || r == '\u2029'
	}), " ")
	if runes := []rune(clean); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return clean
}
