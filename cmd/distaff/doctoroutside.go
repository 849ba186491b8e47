package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/wire"
)

// outside are the checks of other systems, in the order of the configuration.
func (d *doctor) outside(o *opened, parts distaff.Parts, secrets bool) []check {
	var checks []check
	add := func(c check) { checks = append(checks, c) }
	add(func(ctx context.Context) []finding { return d.brokers(ctx) })
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Forges)) {
		add(func(ctx context.Context) []finding { return []finding{d.forge(ctx, name, o.cfg.Forges[name])} })
	}
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Koji)) {
		add(func(ctx context.Context) []finding { return d.koji(ctx, name, o.cfg, parts, secrets) })
	}
	for _, name := range slices.Sorted(maps.Keys(o.cfg.TestingFarm)) {
		add(func(ctx context.Context) []finding { return []finding{d.farm(ctx, name, o.cfg.TestingFarm[name])} })
	}
	add(func(ctx context.Context) []finding { return []finding{d.bodhi(ctx, parts)} })
	if o.cfg.Bus != nil {
		add(func(ctx context.Context) []finding { return []finding{d.queue(ctx, o.cfg.Bus)} })
	}
	add(func(ctx context.Context) []finding { return []finding{d.skew(ctx, o.cfg)} })
	add(func(ctx context.Context) []finding { return d.certificates(ctx, o.cfg) })
	return checks
}

// ask makes one call and gives the answer, whatever its code.
func (d *doctor) ask(ctx context.Context, system, method, address string, header map[string]string) (*wire.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(nil))
	if err != nil {
		return nil, fmt.Errorf("%s: the address cannot be read", system)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	answer, err := (&wire.Client{System: system, HTTP: d.http, Limit: 1 << 20, Tries: 2}).Do(req)
	if answer != nil {
		return answer, nil
	}
	return nil, err
}

// brokers looks whether the brokers of the manifests listen. Nothing is sent.
func (d *doctor) brokers(ctx context.Context) []finding {
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return []finding{{What: "broker", Level: bad, Text: oneLine(err)}}
	}
	if d.broker == "" && !d.local() {
		return []finding{{
			What: "broker", Level: unknown, Text: "its address is not known here",
			Do: "--broker 'http://127.0.0.1:8080/NAMESPACE/{broker}' or DISTAFF_BROKER, after\nkubectl -n knative-eventing port-forward svc/broker-ingress 8080:80",
		}}
	}
	var found []finding
	for _, b := range set.Brokers {
		f := finding{What: "broker " + b.Name, Level: good, Text: "listens"}
		address, err := d.addressOf(b.Name, d.broker)
		var answer *wire.Answer
		if err == nil {
			answer, err = d.ask(ctx, "the broker", http.MethodOptions, address, map[string]string{"WebHook-Request-Origin": "distaff"})
		}
		switch {
		case err != nil:
			f.Level, f.Text = bad, oneLine(err)
		case answer.Code >= 300 && answer.Code != http.StatusMethodNotAllowed:
			f.Level, f.Text = bad, "answers "+strconv.Itoa(answer.Code)
		}
		if f.Level == bad {
			f.Means, f.Do = "no event moves: functions repeat what they say, the bus's queue and the forges' hooks pile up", "kubectl get broker "+b.Name+"; its pods; then `distaff trigger list --cluster`"
		}
		found = append(found, f)
	}
	return found
}

// farm looks whether the token is good.
func (d *doctor) farm(ctx context.Context, name string, c config.TestingFarm) finding {
	f := finding{What: "testing farm " + name, Level: good, Text: "the token is good"}
	token := config.NewSecrets(os.LookupEnv, os.ReadFile).Of(c.Token).Text()
	answer, err := d.ask(ctx, f.What, http.MethodGet, strings.TrimSuffix(c.URL, "/")+"/whoami", map[string]string{"Authorization": "Bearer " + token})
	switch {
	case err != nil:
		f.unreachable(err, "tests are not requested; they are asked for again for half an hour, then end as infrastructure errors")
	case token == "":
		f.Level, f.Text, f.Means, f.Do = bad, "answers, but there is no token", "no test is requested", putThere
	case answer.Code == http.StatusUnauthorized, answer.Code == http.StatusForbidden:
		f.Level, f.Text = bad, fmt.Sprintf("the token is refused (%d)", answer.Code)
		f.Means, f.Do = "no test is requested", "make a new one at https://testing-farm.io/tokens/ and put it where the configuration says; functions read it at their next start"
	case answer.Code == http.StatusNotFound:
		f.Level, f.Text = unknown, "answers; it cannot be asked about the token"
	case answer.Code >= 300:
		f.unreachable(fmt.Errorf("answers %d", answer.Code), "tests are not requested")
	}
	return f
}

func (d *doctor) bodhi(ctx context.Context, parts distaff.Parts) finding {
	f := finding{What: "bodhi", Level: good}
	if parts.Bodhi == nil {
		f.Level, f.Text = unknown, "is not asked"
		return f
	}
	releases, err := parts.Bodhi.Releases(ctx)
	if err != nil {
		f.unreachable(err, "branches are matched to releases from memory; only a branch that is new is unknown")
		f.Level = soon
		return f
	}
	f.Text = fmt.Sprintf("knows %d releases", len(releases))
	return f
}

// kojiHub is what is asked of a Koji.
type kojiHub interface {
	Whoami(ctx context.Context) (koji.User, error)
	Target(ctx context.Context, name string) (koji.Target, bool, error)
	FindByLabel(ctx context.Context, label string, since time.Time) ([]koji.Task, error)
}

// koji looks whether the hub answers, takes the login and has a target.
func (d *doctor) koji(ctx context.Context, name string, cfg *config.Config, parts distaff.Parts, secrets bool) []finding {
	f := finding{What: "koji " + name, Level: good}
	hub, ok := parts.Hubs[name].(kojiHub)
	if !ok {
		f.Level, f.Text, f.Do = bad, "it cannot be logged in to as the configuration says", "see credentials above"
		return []finding{f}
	}
	_, known, err := hub.Target(ctx, "rawhide")
	var fault *koji.Fault
	if errors.As(err, &fault) && fault.Code != koji.FaultOffline {
		if !secrets {
			f.Level, f.Text = unknown, "answers; the login is not tried: secrets are missing"
			return []finding{f}
		}
		// Who has a credential logs in before he asks anything.
		return []finding{f.login(err, cfg.Koji[name].Auth)}
	}
	if err != nil {
		f.unreachable(err, "nothing is built; builds are asked for again for half an hour, then end as infrastructure errors")
		return []finding{f}
	}
	f.Text = "answers"
	if version := d.kojiVersion(ctx, cfg.Koji[name].Server); version != "" {
		f.Text = "version " + version
	}
	if !known {
		f.Text += ", has no target rawhide"
	}
	found := []finding{f}
	login := finding{What: f.What, Level: good}
	if cfg.Koji[name].Auth == (config.KojiAuth{}) {
		login.Level, login.Text = unknown, "no login is configured: it can only be read"
		return append(found, login)
	}
	if !secrets {
		login.Level, login.Text = unknown, "the login is not tried: secrets are missing"
		return append(found, login)
	}
	// Only a question about our own tasks makes the hub's client log in.
	_, err = hub.FindByLabel(ctx, "doctor", d.now().Add(-time.Minute))
	if err != nil {
		return append(found, login.login(err, cfg.Koji[name].Auth))
	}
	user, err := hub.Whoami(ctx)
	login.Text = "logs in as " + user.Name
	if owner := cfg.Koji[name].Owner; err == nil && owner != "" && owner != user.Name {
		login.Level, login.Text = bad, fmt.Sprintf("logs in as %s, and koji.%s.owner is %s", user.Name, name, owner)
		login.Means, login.Do = "messages about our own builds are taken for somebody else's, and seen only when they are due", "set koji."+name+".owner to "+user.Name
	}
	return append(found, login)
}

// login makes a finding of a login that was refused.
func (f finding) login(err error, auth config.KojiAuth) finding {
	f.Level, f.Text = bad, "the login fails: "+oneLine(err)
	f.Means = "no build is started: each pull request ends in an infrastructure error"
	f.Do = strings.TrimSpace("is the keytab, certificate or password good, is the account enabled, is the clock right? " + kojiAdvice(auth))
	return f
}

func kojiAdvice(a config.KojiAuth) string {
	switch {
	case !a.Keytab.IsZero():
		return "Try: kinit -kt KEYTAB " + a.Principal
	case !a.Certificate.IsZero():
		return "Try: openssl x509 -noout -dates -subject -in CERTIFICATE"
	}
	return ""
}

// unreachable makes a finding of a system that does not answer as it should.
func (f *finding) unreachable(err error, means string) {
	f.Level, f.Text, f.Means = bad, oneLine(err), means
	f.Do = "is it down for all? Its status page; else the address, proxies and network policies"
	if errors.Is(err, context.DeadlineExceeded) {
		f.Text = fmt.Sprintf("no answer within %s", checkPatience)
	}
}
