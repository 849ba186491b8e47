package testingfarmtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// record is one request as kept: what is shown of it, and what is not.
type record struct {
	Shown   shown               `json:"shown"`
	Webhook testingfarm.Webhook `json:"webhook"`
	// Base is where this Farm was reached, for addresses where none is
	// configured.
	Base string `json:"base"`

	made   time.Time
	cancel context.CancelFunc
	// held are webhooks kept back to be posted in another order.
	held int
}

// shown is a request with exactly the fields the real one shows.
type shown struct {
	ID           string         `json:"id"`
	UserID       string         `json:"user_id"`
	TokenID      string         `json:"token_id"`
	Test         test           `json:"test"`
	State        string         `json:"state"`
	Environments []environment  `json:"environments_requested"`
	Notes        []note         `json:"notes"`
	Result       result         `json:"result"`
	Run          *run           `json:"run"`
	Settings     any            `json:"settings"`
	User         map[string]any `json:"user"`
	QueuedTime   *float64       `json:"queued_time"`
	RunTime      *float64       `json:"run_time"`
	Created      string         `json:"created"`
	Updated      string         `json:"updated"`
}

type (
	test struct {
		FMF    *fmf `json:"fmf"`
		Script any  `json:"script"`
		STI    any  `json:"sti"`
	}
	fmf struct {
		URL        string  `json:"url"`
		Ref        string  `json:"ref"`
		MergeSHA   *string `json:"merge_sha"`
		Path       string  `json:"path"`
		Name       *string `json:"name"`
		Settings   any     `json:"settings"`
		PlanFilter *string `json:"plan_filter"`
		TestName   *string `json:"test_name"`
		TestFilter *string `json:"test_filter"`
	}
	environment struct {
		Arch string `json:"arch"`
		OS   *struct {
			Compose string `json:"compose"`
		} `json:"os"`
		Pool      *string           `json:"pool"`
		Variables map[string]string `json:"variables"`
		Secrets   map[string]string `json:"secrets"`
		Artifacts []artifact        `json:"artifacts"`
		Settings  any               `json:"settings"`
		TMT       *tmt              `json:"tmt"`
		Hardware  any               `json:"hardware"`
		Kickstart any               `json:"kickstart"`
	}
	artifact struct {
		ID       string   `json:"id"`
		Type     string   `json:"type"`
		Packages []string `json:"packages"`
		Install  *bool    `json:"install"`
		Order    *int     `json:"order"`
	}
	tmt struct {
		Context     map[string]string `json:"context"`
		Environment map[string]string `json:"environment"`
	}
	note struct {
		Level   string `json:"level"`
		Message string `json:"message"`
	}
	result struct {
		Summary  *string `json:"summary"`
		Overall  *string `json:"overall"`
		Xunit    *string `json:"xunit"`
		XunitURL *string `json:"xunit_url"`
	}
	run struct {
		Console   *string `json:"console"`
		Stages    *string `json:"stages"`
		Artifacts string  `json:"artifacts"`
	}
)

// timeForm is how the real one writes times: in UTC, without saying so.
const timeForm = "2006-01-02T15:04:05.000000"

func (r *record) label() string {
	return r.Shown.Environments[0].Variables[testingfarm.LabelVariable]
}

func (r *record) over() bool {
	switch r.Shown.State {
	case "complete", "error", "canceled":
		return true
	default:
		return false
	}
}

func (r *record) job() Job {
	env := r.Shown.Environments[0]
	j := Job{
		ID: r.Shown.ID, Label: r.label(), URL: r.Shown.Test.FMF.URL, Ref: r.Shown.Test.FMF.Ref,
		Arch: env.Arch, Variables: maps.Clone(env.Variables),
	}
	if r.Shown.Test.FMF.Name != nil {
		j.Plan = *r.Shown.Test.FMF.Name
	}
	j.Check = checkOf(j.URL, j.Plan)
	if env.OS != nil {
		j.Compose = env.OS.Compose
	}
	if env.TMT != nil {
		j.Context = maps.Clone(env.TMT.Context)
	}
	j.Task, _ = strconv.ParseInt(env.Variables["KOJI_TASK_ID"], 10, 64)
	return j
}

// incoming is what a client may send. fmf and tmt are two names of one thing.
type incoming struct {
	Test struct {
		FMF    *fmf            `json:"fmf"`
		TMT    *fmf            `json:"tmt"`
		Script json.RawMessage `json:"script"`
		STI    json.RawMessage `json:"sti"`
	} `json:"test"`
	Environments []environment `json:"environments"`
	Settings     any           `json:"settings"`
	Notification *struct {
		Webhook *testingfarm.Webhook `json:"webhook"`
	} `json:"notification"`
}

// complaint is one entry of a 422's detail.
type complaint struct {
	Loc  []any  `json:"loc"`
	Msg  string `json:"msg"`
	Type string `json:"type"`
}

func missing(loc ...any) complaint {
	return complaint{append([]any{"body"}, loc...), "field required", "value_error.missing"}
}

// check says what is wrong with a request's form.
func (in *incoming) check() []complaint {
	var wrong []complaint
	given := 0
	for _, there := range []bool{in.Test.FMF != nil, in.Test.TMT != nil, len(in.Test.Script) > 4, len(in.Test.STI) > 4} {
		if there {
			given++
		}
	}
	if given != 1 {
		wrong = append(wrong, complaint{[]any{"body", "test"}, "exactly one of fmf, tmt, sti, script is required", "value_error"})
	}
	if in.Test.FMF == nil {
		in.Test.FMF = in.Test.TMT
	}
	if t := in.Test.FMF; t != nil {
		if t.URL == "" {
			wrong = append(wrong, missing("test", "tmt", "url"))
		}
		if t.Ref == "" {
			wrong = append(wrong, missing("test", "tmt", "ref"))
		}
	}
	if len(in.Environments) == 0 {
		wrong = append(wrong, missing("environments"))
	}
	for i, env := range in.Environments {
		if env.Arch == "" {
			wrong = append(wrong, missing("environments", i, "arch"))
		}
	}
	if in.Notification != nil && in.Notification.Webhook != nil && in.Notification.Webhook.URL == "" {
		wrong = append(wrong, missing("notification", "webhook", "url"))
	}
	return wrong
}

// arches are those machines can be had of.
func knownArch(arch string) bool {
	return slices.Contains([]string{"x86_64", "aarch64", "ppc64le", "s390x"}, arch)
}

// record makes what is kept, with the defaults the real one fills in.
func (in *incoming) record(token string, now time.Time) *record {
	r := &record{made: now.UTC()}
	at := r.made.Format(timeForm)
	in.Test.FMF.Path = "."
	r.Shown = shown{
		ID: newID(), UserID: idOf("user " + token), TokenID: idOf(token),
		Test: test{FMF: in.Test.FMF}, State: "new", Environments: in.Environments,
		Notes: []note{}, Settings: in.Settings, User: map[string]any{"webpage": nil}, Created: at, Updated: at,
	}
	for i := range r.Shown.Environments {
		for k := range r.Shown.Environments[i].Artifacts {
			a := &r.Shown.Environments[i].Artifacts[k]
			if a.Install == nil {
				a.Install = new(true)
			}
			if a.Order == nil {
				a.Order = new(50)
			}
		}
	}
	if in.Notification != nil && in.Notification.Webhook != nil {
		r.Webhook = *in.Notification.Webhook
	}
	return r
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return uuid(b)
}

func idOf(word string) string {
	sum := sha256.Sum256([]byte(word))
	return uuid([16]byte(sum[:16]))
}

func uuid(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}
