package distaff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	buspublish "github.com/distaff-project/distaff/functions/bus-publish"
	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	composemake "github.com/distaff-project/distaff/functions/compose-make"
	composepage "github.com/distaff-project/distaff/functions/compose-page"
	gateask "github.com/distaff-project/distaff/functions/gate-ask"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/mbs"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
	"github.com/distaff-project/distaff/shared/repodata/frame"
	"github.com/distaff-project/distaff/shared/solve"
	"github.com/distaff-project/distaff/shared/wire"
)

// Composes are what the functions that make composes are put together of. The
// zero value makes none.
type Composes struct {
	// URL is where the bucket's composes/ is found, without a slash at its end.
	URL      string
	Defaults odcs.Defaults
	Policy   permit.Policy
	Login    composeapi.Login
	// Lifetime is how long a compose lives for which nothing is asked, and
	// LifetimeMost how long any may, whoever asks for it.
	Lifetime, LifetimeMost time.Duration
	// Backend is ODCS's word for the way to log in.
	Backend string
	API     composeapi.Options
	Page    composepage.Options
	Kojis   map[string]composemake.Koji
	Make    composemake.Options
	Rules   []rule.Rule
	Gate    gateask.Greenwave
	Bus     buspublish.Bus
	// Topics is what the topics of the bus begin with.
	Topics string
}

// parse reads the body of a POST.
func (c Composes) parse(body []byte) (compose.Request, error) {
	order, err := c.Defaults.Parse(body)
	if err == nil && len(order.RPMs) > 0 {
		err = errors.New("a rule cannot bring a list of RPMs along; name the lock of a compose")
	}
	return order.Request, err
}

// rules is how composes are decided on.
func (c Composes) rules() compose.Rules {
	return compose.Rules{Lifetime: c.Lifetime, LifetimeMost: c.LifetimeMost, Show: func(one compose.Compose) json.RawMessage {
		return odcs.Show(one, odcs.URLs{Composes: c.URL})
	}}
}

func (k *connector) composes() Composes {
	given := k.config.Composes
	if given == nil {
		return Composes{}
	}
	c := Composes{
		URL: strings.TrimRight(given.URL, "/"), Defaults: defaults(given), Policy: policy(given),
		Lifetime: given.Lifetime, LifetimeMost: longest(given), Rules: rules(given), Gate: k.gate(), Bus: k.publisher(),
	}
	if auth := k.authenticator(); auth != nil {
		c.Login, c.Backend = auth, backend(given.Login)
	}
	c.API = composeapi.Options{
		Policy: c.Policy, Defaults: c.Defaults, URLs: odcs.URLs{Composes: c.URL}, TrustProxy: given.Proxies,
		Retry: given.RetryWindow, AuthBackend: c.Backend, Version: version(),
	}
	if k.config.Bus != nil {
		c.Topics = k.config.Bus.TopicPrefix
	}
	for i, r := range c.Rules {
		if _, err := c.parse(r.Request); err != nil {
			k.problem(fmt.Sprintf("composes.rules[%d].request", i), err)
		}
	}
	c.Page = k.composePage(given, c)
	c.Make = k.making(given, c)
	c.Kojis = k.composeKojis(given)
	return c
}

// longest is the longest that anybody may let a compose live.
func longest(c *config.Composes) time.Duration {
	most := c.LifetimeMost
	for _, raw := range c.RawConfigs {
		most = max(most, raw.LifetimeMost)
	}
	for _, entries := range []map[config.Anybody]config.Allowed{c.Users, c.Groups, {"": c.Default}} {
		for _, a := range entries {
			most = max(most, a.LifetimeMost)
		}
	}
	return most
}

// composePage says what the pages of composes tell and lead to.
func (k *connector) composePage(given *config.Composes, c Composes) composepage.Options {
	o := composepage.Options{URL: c.URL, Packages: given.Files, Rules: c.Rules}
	if o.Packages == "" {
		o.Packages = k.config.Koji[given.Koji].Files
	}
	for _, repo := range given.Repositories {
		if o.Elsewhere = append(o.Elsewhere, repo.URLs...); repo.URL != "" {
			o.Elsewhere = append(o.Elsewhere, repo.URL)
		}
	}
	slices.Sort(o.Elsewhere)
	if k.config.Hooks != nil {
		base := strings.TrimRight(k.config.Hooks.URL, "/")
		o.API, o.Home = base+"/"+composeapi.Name, base+"/status-page/"
	}
	return o
}

// defaults are what is added to requests.
func defaults(c *config.Composes) odcs.Defaults {
	d := odcs.Defaults{
		Koji: c.Koji, Sigkeys: c.Sigkeys, Arches: c.Arches,
		Seconds: int64(seconds(c.Lifetime)), SecondsMost: int64(seconds(c.LifetimeMost)),
		RawConfigs: map[string]odcs.RawConfig{}, Outside: outsidePolicy(c).Check,
	}
	for name, raw := range c.RawConfigs {
		d.RawConfigs[name] = odcs.RawConfig{Seconds: int64(seconds(raw.Lifetime)), SecondsMost: int64(seconds(raw.LifetimeMost))}
	}
	for _, name := range sources(c) {
		if t, ok := odcs.TypeOf(name); ok {
			d.Types = append(d.Types, t)
		}
	}
	return d
}

// sources are the types of source that are taken: those that are listed, or all
// that the configuration has something for.
func sources(c *config.Composes) []string {
	if len(c.Sources) > 0 {
		return c.Sources
	}
	return slices.DeleteFunc(odcs.SourceTypes(), func(name string) bool {
		return name == "pulp" && len(c.Repositories) == 0 || name == "raw_config" && len(c.RawConfigs) == 0
	})
}

// backend is ODCS's word for the ways to log in.
func backend(l *config.Login) string {
	switch {
	case l.Anyone:
		return "noauth"
	case l.OIDC != nil:
		return "openidc"
	case l.Kerberos != nil && l.Certificate != nil:
		return "kerberos_or_ssl"
	case l.Kerberos != nil:
		return "kerberos"
	}
	return "ssl"
}

// making says how composes are made.
func (k *connector) making(given *config.Composes, c Composes) composemake.Options {
	o := composemake.Options{
		URL: c.URL, Large: given.LargeFrom, Metadata: publish.Options{Base: given.Files, Format: frame.Format{Compression: given.Compression}},
		Parse: func(body json.RawMessage) (compose.Request, error) { return c.parse(body) },
	}
	if !k.only(atKoji) {
		return o
	}
	others := outsideHTTP(given)
	o.Solver = &solver{client: &wire.Client{System: "repositories", HTTP: others}}
	o.Open = &foreign.Client{Wire: wire.Client{HTTP: others}, Stream: others}
	o.Fetch = rawFiles(given.RawConfigs, given.Git)
	o.RawConfigs, o.Repositories = map[string]string{}, map[string]composemake.Repository{}
	for name, raw := range given.RawConfigs {
		o.RawConfigs[name] = raw.File
	}
	for name, r := range given.Repositories {
		o.Repositories[name] = composemake.Repository(r)
	}
	if given.MBS != "" {
		o.Modules = mbs.New(given.MBS, nil)
	}
	return o
}

// composeKojis are the instances packages come from, with the files they serve.
func (k *connector) composeKojis(given *config.Composes) map[string]composemake.Koji {
	out := map[string]composemake.Koji{}
	if !k.only(atKoji) {
		return out
	}
	others := rpmfile.New(rpmfile.Options{System: "files of others", HTTP: outsideHTTP(given)})
	for name, hub := range k.kojis() {
		out[name] = composemake.Koji{Hub: hub, Files: files{
			below: hub.FilesURL(""), koji: rpmfile.New(rpmfile.Options{System: "files of koji " + name}), others: others,
		}}
	}
	return out
}

var _ composeapi.Login = (*login.Authenticator)(nil)

// solver looks for the machine's solver when it is needed first: most composes
// need none, and a start must not wait for it.
type solver struct {
	client *wire.Client

	mu    sync.Mutex
	found gather.Solver
}

// Solve asks the solver, or fails with solve.ErrNoSolver.
func (s *solver) Solve(ctx context.Context, r solve.Request) (solve.Result, error) {
	found, err := s.find(ctx)
	if err != nil {
		return solve.Result{}, err
	}
	return found.Solve(ctx, r)
}

func (s *solver) find(ctx context.Context) (gather.Solver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	found, err := solve.Find(ctx, s.client)
	if err != nil {
		return nil, err
	}
	s.found = found
	return found, nil
}
