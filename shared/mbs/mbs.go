// Package mbs asks the Module Build Service which modules were built, and reads
// its messages.
//
// The API is version 1 of fm-orchestrator (/module-build-service/1/module-builds/);
// what is asked of it, and in which words a module is said to be missing, is
// ODCS's way.
package mbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/wire"
)

// State is how far a module's build has come.
type State int

// States of a module's build.
const (
	Init State = iota
	Wait
	Build
	Done // built, not yet ready for use
	Failed
	Ready
	Garbage
)

// ErrAnswer says that the service answered what it should not.
var ErrAnswer = errors.New("answer of the Module Build Service")

// Client asks one service. It is a modulemd.Finder.
type Client struct {
	base string
	http *wire.Client
}

// New gives a client of the service at address, up to and with
// "/module-build-service", with the version of its API ("/1") behind that or
// without. A nil client means one with wire's defaults.
func New(address string, client *wire.Client) *Client {
	if client == nil {
		client = &wire.Client{}
	}
	out := *client
	if out.System == "" {
		out.System = "module build service"
	}
	return &Client{base: strings.TrimSuffix(strings.TrimRight(address, "/"), "/1"), http: &out}
}

// NotFoundError says in ODCS's words that a module is not there. It is
// modulemd.ErrNotFound.
type NotFoundError struct {
	Module modulemd.NSVC
	// Done: modules that are built and not ready were looked for, too.
	Done bool
}

// Error says it for people.
func (e *NotFoundError) Error() string {
	state := "ready"
	if e.Done {
		state = "ready or done"
	}
	return fmt.Sprintf("Failed to find module %s in %s state in the MBS.", e.Module, state)
}

// Unwrap is modulemd.ErrNotFound.
func (e *NotFoundError) Unwrap() error { return modulemd.ErrNotFound }

const (
	perPage = 100
	// maxPages bounds one question. Pages end with the latest version, so that a
	// second is seldom read.
	maxPages = 20
)

// Latest gives the latest version of a module's stream in all its contexts, or
// those builds that the query names. A "-devel" module is not known to the service:
// it is made from the module it belongs to.
func (c *Client) Latest(ctx context.Context, q modulemd.Query) ([]modulemd.Build, error) {
	found, err := c.latest(ctx, q)
	plain, devel := strings.CutSuffix(q.Name, "-devel")
	if err != nil || len(found) > 0 || !devel || plain == "" {
		return found, c.none(q, found, err)
	}
	of := q
	of.Name = plain
	if found, err = c.latest(ctx, of); err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Name += "-devel"
		found[i].Document = found[i].Document.Devel()
	}
	return found, c.none(q, found, nil)
}

func (c *Client) none(q modulemd.Query, found []modulemd.Build, err error) error {
	if err == nil && len(found) == 0 {
		return &NotFoundError{Module: q.NSVC, Done: q.IncludeDone}
	}
	return err
}

func (c *Client) latest(ctx context.Context, q modulemd.Query) ([]modulemd.Build, error) {
	var all []modulemd.Build
	for page := 1; page <= maxPages; page++ {
		var answer pageJSON
		if err := c.http.JSON(ctx, http.MethodGet, c.base+"/1/module-builds/?"+ask(q, page).Encode(), nil, &answer); err != nil {
			return nil, fmt.Errorf("find module %s: %w", q.NSVC, err)
		}
		for _, item := range answer.Items {
			b, err := item.build()
			if err != nil {
				return nil, fmt.Errorf("%w about %s: %w", ErrAnswer, q.NSVC, err)
			}
			if len(all) > 0 && q.Version == "" && b.Version != all[0].Version {
				return pick(q, all), nil // they come newest first
			}
			all = append(all, b)
		}
		if len(answer.Items) == 0 || page >= answer.Meta.Pages {
			return pick(q, all), nil
		}
	}
	return nil, fmt.Errorf("%w about %s: more than %d pages", ErrAnswer, q.NSVC, maxPages)
}

// pick also drops what the service gave beyond what was asked.
func pick(q modulemd.Query, all []modulemd.Build) []modulemd.Build {
	return modulemd.Pick(q.NSVC, all, func(b modulemd.Build) modulemd.NSVC { return b.NSVC })
}

func ask(q modulemd.Query, page int) url.Values {
	v := url.Values{
		"nsvc": {q.String()}, "state": {strconv.Itoa(int(Ready))}, "verbose": {"True"}, "order_desc_by": {"version"},
		"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(perPage)},
	}
	if q.IncludeDone {
		v["state"] = []string{strconv.Itoa(int(Done)), strconv.Itoa(int(Ready))}
	}
	for key, value := range map[string]string{"base_module_br_name": q.BaseName, "base_module_br_stream": q.BaseStream} {
		if value != "" {
			v.Set(key, value)
		}
	}
	for key, value := range map[string]int64{
		"base_module_br_stream_version_lte": q.BaseAtMost, "base_module_br_stream_version_gte": q.BaseAtLeast,
	} {
		if value != 0 {
			v.Set(key, strconv.FormatInt(value, 10))
		}
	}
	return v
}

type pageJSON struct {
	Items []buildJSON `json:"items"`
	Meta  struct {
		Pages int `json:"pages"`
		Total int `json:"total"`
	} `json:"meta"`
}

type buildJSON struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Stream   string    `json:"stream"`
	Version  textual   `json:"version"`
	Context  string    `json:"context"`
	State    State     `json:"state"`
	KojiTag  string    `json:"koji_tag"`
	Modulemd string    `json:"modulemd"`
	Base     []baseOne `json:"base_module_buildrequires"`
}

type baseOne struct {
	Name          string  `json:"name"`
	Stream        string  `json:"stream"`
	StreamVersion float64 `json:"stream_version"`
}

// textual is a number that comes as one or in quotes.
type textual string

func (t *textual) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	*t = textual(n)
	return nil
}

func (b buildJSON) build() (modulemd.Build, error) {
	nsvc, err := modulemd.ParseNSVC(strings.Join([]string{b.Name, b.Stream, string(b.Version), b.Context}, ":"))
	if err != nil {
		return modulemd.Build{}, err
	}
	out := modulemd.Build{NSVC: nsvc, KojiTag: b.KojiTag}
	for _, base := range b.Base {
		out.Base = append(out.Base, modulemd.BaseModule{
			Name: base.Name, Stream: base.Stream, StreamVersion: int64(base.StreamVersion),
		})
	}
	if out.Document, err = modulemd.ParseStream([]byte(b.Modulemd)); err != nil {
		return modulemd.Build{}, fmt.Errorf("%s: %w", nsvc, err)
	}
	return out, nil
}
