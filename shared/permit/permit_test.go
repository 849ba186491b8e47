package permit_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/permit"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func policy() permit.Policy {
	return permit.Policy{
		Admins: permit.Admins{Users: []string{"root"}, Groups: []string{"sysadmin"}},
		Clients: permit.Clients{
			Users: map[string]permit.Allowed{
				"alice": {},
				"osbs": {
					SourceTypes: []string{"tag", "pulp"}, Sources: []string{""}, Arches: []string{"x86_64", "s390x"},
					Flags: []string{"no_deps"}, TargetDirs: []string{"private"},
				},
				"narrow": {Sources: []string{"f40", "f41"}, Results: []string{"repository"}, ComposeTypes: []string{"test"}},
				"none":   {SourceTypes: []string{}, Sources: []string{}, Flags: []string{}},
				"raw":    {SourceTypes: []string{"raw_config"}, RawConfigKeys: []string{"eln"}, Arches: []string{""}},
			},
			Groups: map[string]permit.Allowed{
				"intel": {Arches: []string{"x86_64"}, SourceTypes: []string{"tag"}},
				"ibm":   {Arches: []string{"s390x"}, SourceTypes: []string{"module"}},
			},
		},
	}
}

func message(err error) string {
	var refusal *permit.Refusal
	if !errors.As(err, &refusal) {
		return ""
	}
	if refusal.Hint == "" {
		return "no hint: " + refusal.Message
	}
	return fmt.Sprint(refusal.Code, " ", refusal.Message)
}

func TestAComposeIsAllowedByODCSsRules(t *testing.T) {
	with := "403 User %s not allowed to operate with compose with %s."
	for name, x := range map[string]struct {
		caller string
		groups []string
		asked  permit.Attributes
		want   string
	}{
		"by default: a tag for x86_64": {
			"alice", nil, permit.Attributes{SourceType: "tag", Sources: []string{"f40"}, Results: []string{"repository"}, Arches: []string{"x86_64"}, ComposeType: "test"}, "",
		},
		"by default: any flag and result": {
			"alice", nil, permit.Attributes{SourceType: "build", Flags: []string{"no_deps", "no_reuse"}, Results: []string{"repository", "iso"}}, "",
		},
		"by default: no other arch": {
			"alice", nil, permit.Attributes{SourceType: "tag", Arches: []string{"x86_64", "s390x"}}, fmt.Sprintf(with, "alice", "arches=s390x"),
		},
		"by default: no pulp": {
			"alice", nil, permit.Attributes{SourceType: "pulp"}, fmt.Sprintf(with, "alice", "source_types=pulp"),
		},
		"by default: no other target_dir": {
			"alice", nil, permit.Attributes{SourceType: "tag", TargetDir: "private"}, fmt.Sprintf(with, "alice", "target_dirs=private"),
		},
		"the default target_dir always": {"alice", nil, permit.Attributes{SourceType: "tag", TargetDir: "default"}, ""},
		"a target_dir by name":          {"osbs", nil, permit.Attributes{SourceType: "tag", TargetDir: "private"}, ""},
		"who is not listed": {
			"mallory", []string{"users"}, permit.Attributes{SourceType: "tag"}, "403 User mallory is not in role allowed_clients.",
		},
		"one of the sources only": {
			"narrow", nil, permit.Attributes{SourceType: "tag", Sources: []string{"f40", "f39", "f38"}}, fmt.Sprintf(with, "narrow", "sources=f39"),
		},
		"no source counts as an empty one": {
			"narrow", nil, permit.Attributes{SourceType: "build"}, fmt.Sprintf(with, "narrow", "sources="),
		},
		"several are told together": {
			"narrow", nil,
			permit.Attributes{SourceType: "repo", Sources: []string{"/x"}, Results: []string{"iso"}, ComposeType: "production"},
			fmt.Sprintf(with, "narrow", "source_types=repo") + " User narrow not allowed to operate with compose with sources=/x." +
				" User narrow not allowed to operate with compose with results=iso. User narrow not allowed to operate with compose with compose_types=production.",
		},
		"an empty list is nothing": {
			"none", nil,
			permit.Attributes{SourceType: "tag", Sources: []string{"f40"}, Flags: []string{"no_deps"}},
			fmt.Sprintf(with, "none", "source_types=tag") + " User none not allowed to operate with compose with sources=f40." +
				" User none not allowed to operate with compose with flags=no_deps.",
		},
		"no_flags is no flag":     {"osbs", nil, permit.Attributes{SourceType: "tag", Flags: []string{"no_flags", "no_deps"}}, ""},
		"a raw_config by its key": {"raw", nil, permit.Attributes{SourceType: "raw_config", Sources: []string{"eln#main"}, RawConfigKey: "eln", Arches: []string{"riscv64"}}, ""},
		"a raw_config of another": {
			"raw", nil, permit.Attributes{SourceType: "raw_config", Sources: []string{"rhel#main"}, RawConfigKey: "rhel"}, fmt.Sprintf(with, "raw", "raw_config_keys=rhel"),
		},
		"a group": {"bob", []string{"users", "ibm"}, permit.Attributes{SourceType: "module", Arches: []string{"s390x"}}, ""},
		"any one of the groups": {
			"bob", []string{"intel", "ibm"}, permit.Attributes{SourceType: "module", Arches: []string{"s390x"}}, "",
		},
		"groups do not add up": {
			"bob",
			[]string{"intel", "ibm"},
			permit.Attributes{SourceType: "tag", Arches: []string{"s390x"}},
			fmt.Sprintf(with, "bob", "source_types=tag") + " User bob not allowed to operate with compose with arches=s390x.",
		},
		"a user's entry hides groups": {
			"alice", []string{"ibm"}, permit.Attributes{SourceType: "module", Arches: []string{"s390x"}}, fmt.Sprintf(with, "alice", "arches=s390x"),
		},
		"an admin anything":          {"root", nil, permit.Attributes{SourceType: "raw_config", Arches: []string{"s390x"}, TargetDir: "x", SecondsToLive: 1 << 30}, ""},
		"an admin by group anything": {"carol", []string{"sysadmin"}, permit.Attributes{SourceType: "pulp"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := message(policy().Check(permit.Caller{Name: x.caller, Groups: x.groups}, x.asked)); got != x.want {
				t.Errorf("%s\ninstead of\n%s", got, x.want)
			}
		})
	}
}

func TestTheServersDefaultsGoBeforeODCSs(t *testing.T) {
	p := policy()
	p.Default = permit.Allowed{SourceTypes: []string{"pulp"}, Arches: []string{}, TargetDirs: []string{""}}
	alice := permit.Caller{Name: "alice"}
	if err := p.Check(alice, permit.Attributes{SourceType: "pulp", TargetDir: "private"}); err != nil {
		t.Error(err)
	}
	want := "403 User alice not allowed to operate with compose with source_types=tag. User alice not allowed to operate with compose with arches=x86_64."
	if got := message(p.Check(alice, permit.Attributes{SourceType: "tag", Arches: []string{"x86_64"}})); got != want {
		t.Error(got)
	}
}

func TestNobodyIsLetInByAnEmptyPolicy(t *testing.T) {
	var p permit.Policy
	if got := message(p.Check(permit.Caller{Name: "unknown"}, permit.Attributes{SourceType: "tag"})); got != "403 User unknown is not in role allowed_clients." {
		t.Error(got)
	}
	p.Open = true
	if err := p.Check(permit.Caller{Name: "unknown"}, permit.Attributes{SourceType: "pulp"}); err != nil || !p.IsAdmin(permit.Caller{}) {
		t.Error(err)
	}
}

func TestAdminsAreNamed(t *testing.T) {
	p := policy()
	if got := message(p.RequireAdmin(permit.Caller{Name: "alice", Groups: []string{"root"}})); got != "403 User alice is not in role admins." {
		t.Error(got)
	}
	for _, c := range []permit.Caller{{Name: "root"}, {Name: "x", Groups: []string{"a", "sysadmin"}}} {
		if err := p.RequireAdmin(c); err != nil {
			t.Error(err)
		}
	}
}

func TestGroupsThatCannotBeReadAreNoRefusalForGood(t *testing.T) {
	p := policy()
	tag := permit.Attributes{SourceType: "tag"}
	want := "503 The groups of user bob cannot be read just now."
	for name, err := range map[string]error{
		"no group":      p.Check(permit.Caller{Name: "bob", GroupsUnknown: true}, tag),
		"another group": p.Check(permit.Caller{Name: "bob", Groups: []string{"ibm"}, GroupsUnknown: true}, tag),
		"admin":         p.RequireAdmin(permit.Caller{Name: "bob", GroupsUnknown: true}),
	} {
		if got := message(err); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// Who needs none of them is told as ever.
	alice := permit.Caller{Name: "alice", GroupsUnknown: true}
	if err := p.Check(alice, tag); err != nil {
		t.Error(err)
	}
	if err := p.Check(permit.Caller{Name: "bob", Groups: []string{"intel"}, GroupsUnknown: true}, tag); err != nil {
		t.Error(err)
	}
}

func TestALifeIsCutToTheServersLimitAndRefusedAboveOnesOwn(t *testing.T) {
	const hour, day = 3600, 86400
	p := policy()
	p.Clients.Users["short"] = permit.Allowed{MaxSecondsToLive: hour}
	p.Clients.Users["long"] = permit.Allowed{MaxSecondsToLive: 30 * day}
	p.Clients.Groups["intel"] = permit.Allowed{MaxSecondsToLive: hour}
	p.Clients.Groups["ibm"] = permit.Allowed{MaxSecondsToLive: 7 * day}
	both := []string{"intel", "ibm"}
	for _, x := range []struct {
		caller  string
		groups  []string
		asked   int
		want    int
		refused bool
	}{
		{"alice", nil, 0, day, false},
		{"alice", nil, 60, 60, false},
		{"alice", nil, 99 * day, 3 * day, false},
		{"short", nil, 0, hour, false},
		{"short", nil, hour, hour, false},
		{"short", nil, hour + 1, 0, true},
		{"long", nil, 30 * day, 30 * day, false},
		{"bob", both, 7 * day, 7 * day, false},
		{"bob", both, 8 * day, 0, true},
		{"root", nil, 99 * day, 3 * day, false},
	} {
		c, a := permit.Caller{Name: x.caller, Groups: x.groups}, permit.Attributes{SourceType: "tag", SecondsToLive: x.asked}
		err := p.Check(c, a)
		if (err != nil) != x.refused {
			t.Errorf("%+v: %v", x, err)
		}
		if got := p.Lifetime(c, a); err == nil && got != time.Duration(x.want)*time.Second {
			t.Errorf("%+v: %s", x, got)
		}
	}
	got := message(p.Check(permit.Caller{Name: "short"}, permit.Attributes{SourceType: "tag", SecondsToLive: day}))
	if want := "403 User short not allowed to operate with compose with seconds_to_live=86400. At most 3600 is allowed."; got != want {
		t.Error(got)
	}
	p.Default.MaxSecondsToLive, p.SecondsToLive = 5*day, 2*day
	if got := p.Lifetime(permit.Caller{Name: "alice"}, permit.Attributes{SecondsToLive: 6 * day}); got != 5*24*time.Hour {
		t.Error(got)
	}
	if got := p.Lifetime(permit.Caller{Name: "alice"}, permit.Attributes{}); got != 48*time.Hour {
		t.Error(got)
	}
}

func TestAQuotaTellsTheLimitTheNumberAndWhen(t *testing.T) {
	ago := func(minutes ...int) []time.Time {
		var times []time.Time
		for _, m := range minutes {
			times = append(times, noon.Add(-time.Duration(m)*time.Minute))
		}
		return times
	}
	p := policy()
	p.Default.Quota = permit.Quota{Live: 5, PerHour: 3, Generating: 2}
	p.Clients.Users["free"] = permit.Allowed{Quota: permit.Quota{Live: -1, PerHour: -1, Generating: -1}}
	p.Clients.Groups["intel"] = permit.Allowed{Quota: permit.Quota{PerHour: 1, Live: -1}}
	p.Clients.Groups["ibm"] = permit.Allowed{Quota: permit.Quota{PerHour: 2, Live: -1}, Arches: []string{"s390x"}}
	refusal := func(code int, message, hint string, after time.Duration) *permit.Refusal {
		return &permit.Refusal{Code: code, Message: message, Hint: hint, After: after}
	}
	for name, x := range map[string]struct {
		caller permit.Caller
		arch   string
		have   permit.Usage
		want   *permit.Refusal
	}{
		"room":     {permit.Caller{Name: "alice"}, "x86_64", permit.Usage{Live: 4, Generating: 1, Asked: ago(1, 2, 60, 90)}, nil},
		"no limit": {permit.Caller{Name: "free"}, "x86_64", permit.Usage{Live: 99, Generating: 99, Asked: ago(1, 1, 1, 1, 1)}, nil},
		"an admin": {permit.Caller{Name: "root"}, "x86_64", permit.Usage{Live: 99, Generating: 99, Asked: ago(1, 1, 1, 1)}, nil},
		"too many live": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Live: 5, NextExpiry: noon.Add(time.Hour)},
			refusal(403, "User alice has 5 live composes, and user alice may have 5.",
				"Delete one that is not needed, or come again after 2026-11-21T13:00:00Z, when the next one expires.", 0),
		},
		"too many live, who knows until when": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Live: 6},
			refusal(403, "User alice has 6 live composes, and user alice may have 5.", "Delete one that is not needed.", 0),
		},
		"too many in an hour": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Asked: ago(5, 59, 10)},
			refusal(429, "User alice has 3 composes in the last hour, and user alice may have 3.", "Come again in 60 seconds.", time.Minute),
		},
		"far too many in an hour": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Asked: ago(5, 59, 10, 20)},
			refusal(429, "User alice has 4 composes in the last hour, and user alice may have 3.", "Come again in 2400 seconds.", 40*time.Minute),
		},
		"from a clock ahead of ours": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Asked: ago(-5, -6, -7)},
			refusal(429, "User alice has 3 composes in the last hour, and user alice may have 3.", "Come again in 3900 seconds.", 65*time.Minute),
		},
		"too many at once": {
			permit.Caller{Name: "alice"},
			"x86_64",
			permit.Usage{Live: 2, Generating: 2},
			refusal(429, "User alice has 2 composes waiting or being generated, and user alice may have 2.", "Come again in 60 seconds.", time.Minute),
		},
		"room in one of two groups": {
			permit.Caller{Name: "bob", Groups: []string{"intel", "intel"}}, "x86_64", permit.Usage{Live: 50}, nil,
		},
		"a group that allows another arch gives no room": {
			permit.Caller{Name: "bob", Groups: []string{"intel", "ibm"}},
			"x86_64",
			permit.Usage{Asked: ago(30)},
			refusal(429, "User bob has 1 composes in the last hour, and group intel may have 1.", "Come again in 1800 seconds.", 30*time.Minute),
		},
		"a group that allows it gives room": {
			permit.Caller{Name: "bob", Groups: []string{"intel", "ibm"}}, "s390x", permit.Usage{Asked: ago(30)}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := permit.Attributes{SourceType: "tag", Arches: []string{x.arch}}
			err := p.CheckQuota(x.caller, a, x.have, noon)
			var got *permit.Refusal
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(x.want, got); diff != "" {
				t.Error(diff)
			}
			if got != nil && got.Code == http.StatusTooManyRequests {
				// Who comes again when told finds room, if nobody else asks.
				have := x.have
				have.Generating = 0
				if err := p.CheckQuota(x.caller, a, have, noon.Add(got.After)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
