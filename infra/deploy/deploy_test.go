package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/deploy"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

const root = "../.."

func functions() []fn.Function { return distaff.Functions(distaff.Parts{}) }

func units(t *testing.T) []deploy.Unit {
	t.Helper()
	all, err := deploy.Units(functions())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What make generate writes is in the repository as it would write it now, and
// nothing of what it wrote before is left over.
func TestWhatIsGeneratedIsUpToDate(t *testing.T) {
	files, err := deploy.Files(functions())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(files[name]), string(have)); diff != "" {
			t.Errorf("%s; run make generate:\n%s", name, diff)
		}
	}
	policies, err := filepath.Glob(filepath.Join(root, "infra/policies/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range policies {
		if name, _ := filepath.Rel(root, path); files[name] == nil {
			t.Errorf("%s is of no Service; remove it", name)
		}
	}
}

func TestAFunctionNobodyThoughtOfIsRefused(t *testing.T) {
	_, err := deploy.Units([]fn.Function{{Name: "surprise"}})
	if err == nil || !strings.Contains(err.Error(), "surprise has no limits") {
		t.Errorf("Units = %v", err)
	}
}

func TestFunctionsOfOneTimerShareAService(t *testing.T) {
	shared := map[string]string{}
	for _, u := range units(t) {
		for _, f := range u.Functions {
			shared[f.Name] = u.Name
			if eventing.BrokerOf(f) != u.Broker() {
				t.Errorf("%s and %s say into different brokers and share a Service", f.Name, u.Functions[0].Name)
			}
			if (f.Web != nil) != u.Web() {
				t.Errorf("%s shares a Service with %s, and only one of them is to be seen from outside", f.Name, u.Functions[0].Name)
			}
		}
	}
	if shared["clock-tick"] != "minute" || shared["fedmsg-drain"] != "minute" || shared["build-start"] != "build-start" {
		t.Errorf("functions run in %v", shared)
	}
}

// A mass rebuild fills distaff-ci. What is left at the front must not depend on
// it.
func TestLimitsAreWithinReason(t *testing.T) {
	for _, u := range units(t) {
		l := u.Limits
		if l.Concurrency < 1 || l.Scale < 1 || l.AtOnce() > 1000 || l.Window < 6 || l.Memory < 64 || l.Why == "" || l.WhyWindow == "" {
			t.Errorf("%s: %+v", u.Name, l)
		}
	}
}

func TestATypeIsHandedOverWhereItIsHeard(t *testing.T) {
	says := func(name, broker string, kinds ...event.Named) fn.Function {
		return fn.Function{Name: name, Broker: broker, Says: kinds}
	}
	hears := func(name, broker, kind string) fn.Function {
		return fn.Function{Name: name, Broker: broker, Hears: []fn.Route{{Type: kind}}}
	}
	forwards := eventing.Forwards([]fn.Function{
		says("a", "", event.BuildStarted, event.BuildEnded), says("b", "", event.BuildStarted), says("c", "distaff-ci", event.BuildSeen),
		hears("d", "distaff-ci", event.BuildStarted.Name()), hears("e", "", event.BuildEnded.Name()), hears("f", "", event.BuildSeen.Name()),
		{Name: "g", Broker: "distaff-ci", Hears: []fn.Route{fn.OnTick("hour", nil)}},
	})
	want := []eventing.Forward{
		{Name: "to-ci-build-started", Type: "distaff.build.started", From: "distaff", To: "distaff-ci"},
		{Name: "to-ci-dev-knative-sources-ping", Type: "dev.knative.sources.ping", From: "distaff", To: "distaff-ci"},
		{Name: "to-distaff-build-seen", Type: "distaff.build.seen", From: "distaff-ci", To: "distaff"},
	}
	if diff := cmp.Diff(want, forwards); diff != "" {
		t.Error(diff)
	}
}
