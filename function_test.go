package distaff_test

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

func functions() []fn.Function { return distaff.Functions(distaff.Parts{}) }

// hearers are the functions that hear each type.
func hearers() map[string][]string {
	heard := map[string][]string{}
	for _, f := range functions() {
		for _, route := range f.Hears {
			heard[route.Type] = append(heard[route.Type], f.Name)
		}
	}
	return heard
}

func TestWhatIsSaidIsHeard(t *testing.T) {
	outward := []string{ // for whoever likes to hear it; none of ours does yet
		event.PullRequestCommented.Name(),
	}
	heard := hearers()
	for _, f := range functions() {
		for _, kind := range f.Says {
			if len(heard[kind.Name()]) == 0 && !slices.Contains(outward, kind.Name()) {
				t.Errorf("%s says %s, and nobody hears it", f.Name, kind.Name())
			}
		}
	}
	for _, kind := range outward {
		if len(heard[kind]) > 0 {
			t.Errorf("%s is heard by %v and need not be in the list", kind, heard[kind])
		}
	}
}

func TestWhatIsHeardIsSaid(t *testing.T) {
	said := map[string]bool{event.TickType: true, "": true} // timers, and what could not be delivered
	for _, f := range functions() {
		for _, kind := range f.Says {
			said[kind.Name()] = true
		}
	}
	for kind, names := range hearers() {
		if !said[kind] {
			t.Errorf("%v hear %s, and nobody says it", names, kind)
		}
	}
}

// A command that two doers heard would be done twice.
func TestEveryCommandIsHeardByOneDoer(t *testing.T) {
	heard := hearers()
	for _, kind := range pipeline.Says() {
		names := heard[kind.Name()]
		if len(names) != 1 {
			t.Errorf("%s is heard by %v", kind.Name(), names)
		}
		for _, f := range functions() {
			if slices.Contains(names, f.Name) && eventing.Kind(f) != "doer" {
				t.Errorf("%s is heard by %s, a %s", kind.Name(), f.Name, eventing.Kind(f))
			}
		}
	}
}

// One fact that two reactors heard would be decided on twice.
func TestEveryFactIsHeardByOneReactor(t *testing.T) {
	for kind, names := range hearers() {
		reactors := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, "on-") })
		reactors = slices.Compact(reactors) // one may hear two kinds of a type, each by a Trigger of its own
		if len(reactors) > 1 {
			t.Errorf("%s is heard by %v", kind, reactors)
		}
	}
}

func TestAFunctionIsNamedAsItsFolder(t *testing.T) {
	folders, err := fs.Glob(os.DirFS("functions"), "*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range functions() {
		names = append(names, f.Name)
		if f.Does == "" {
			t.Errorf("%s does not say what it does", f.Name)
		}
		if f.Web == nil && len(f.Hears) == 0 {
			t.Errorf("%s hears nothing", f.Name)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(folders)), slices.Sorted(slices.Values(names))); diff != "" {
		t.Errorf("folders and functions differ:\n%s", diff)
	}
}

func TestAReactorTouchesNoForeignSystem(t *testing.T) {
	for _, f := range functions() {
		if eventing.Kind(f) == "reactor" && f.System != "" {
			t.Errorf("%s touches %s", f.Name, f.System)
		}
		inTheBucket := slices.Contains([]string{"dead-letter", "compose-expire", "compose-index"}, f.Name)
		if eventing.Kind(f) == "doer" && (f.System == "") != inTheBucket {
			t.Errorf("%s touches %q", f.Name, f.System)
		}
	}
}

// What make generate writes is in the repository as it would write it now.
func TestWhatIsGeneratedIsUpToDate(t *testing.T) {
	triggers, err := os.ReadFile("eventing/triggers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(eventing.Triggers(functions())), string(triggers)); diff != "" {
		t.Errorf("eventing/triggers.yaml; run make generate:\n%s", diff)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), eventing.Table(functions())) {
		t.Error("the table of functions in README.md; run make generate")
	}
}

func manifests(t *testing.T) *manifest.Set {
	t.Helper()
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestTheManifestsBringEveryEventToItsFunction(t *testing.T) {
	set := manifests(t)
	for _, f := range functions() {
		for _, route := range f.Hears {
			if route.Type == "" {
				continue
			}
			filter := maps.Clone(route.Match)
			if filter == nil {
				filter = map[string]string{}
			}
			filter["type"] = route.Type
			found := slices.DeleteFunc(slices.Clone(set.Triggers), func(tr manifest.Trigger) bool {
				return tr.Subscriber.Function() != f.Name || tr.Broker != eventing.BrokerOf(f) || !maps.Equal(tr.Attributes, filter)
			})
			if len(found) != 1 {
				t.Errorf("%s has %d Triggers for %v", f.Name, len(found), filter)
			}
		}
	}
	names := map[string]bool{}
	for _, tr := range set.Triggers {
		if names[tr.Name] || len(tr.Name) > 63 {
			t.Errorf("the name %s is there twice, or too long", tr.Name)
		}
		names[tr.Name] = true
	}
}

// What one function says reaches who hears it, also on the other broker, and
// comes there once.
func TestWhatIsSaidOnOneBrokerIsHeardOnTheOther(t *testing.T) {
	handed := map[string]int{}
	for _, tr := range manifests(t).Triggers {
		if to, ok := tr.Forwards(); ok {
			handed[tr.Broker+" "+tr.Attributes["type"]+" "+to]++
		}
	}
	for _, by := range functions() {
		for _, kind := range by.Says {
			for _, to := range functions() {
				from, there := eventing.BrokerOf(by), eventing.BrokerOf(to)
				if from == there || !slices.Contains(hearers()[kind.Name()], to.Name) {
					continue
				}
				if way := from + " " + kind.Name() + " " + there; handed[way] != 1 {
					t.Errorf("%s says %s, %s hears it, and %d Triggers hand it over", by.Name, kind.Name(), to.Name, handed[way])
				}
			}
		}
	}
}

func TestEveryTickHasATimer(t *testing.T) {
	timers := map[string]bool{}
	for _, source := range manifests(t).PingSources {
		timers[source.Extensions["tick"]] = true
	}
	for _, f := range functions() {
		for _, route := range f.Hears {
			if tick := route.Match["tick"]; route.Type == event.TickType && !timers[tick] {
				t.Errorf("%s hears each %s, for which there is no timer", f.Name, tick)
			}
		}
	}
}

// The times of a delivery belong together; see eventing.Triggers.
func TestDeliveriesFitTheFunctions(t *testing.T) {
	set := manifests(t)
	for _, trigger := range set.Triggers {
		where, ok := set.Broker(trigger.Broker)
		if !ok {
			t.Fatalf("%s: there is no broker %s", trigger.Name, trigger.Broker)
		}
		d := where.DeliveryOf(trigger)
		if d.DeadLetters == nil || d.DeadLetters.Ref.Name != "dead-letter" {
			t.Errorf("%s: what cannot be delivered goes to %v", trigger.Name, d.DeadLetters)
		}
		if d.Timeout <= fn.Deadline {
			t.Errorf("%s: cut after %s, and a function may work for %s", trigger.Name, d.Timeout, fn.Deadline)
		}
		var span time.Duration
		for n := range d.Retry {
			span += broker.Backoff(d, n, 0, 0)
		}
		if d.Policy != "exponential" || span < state.Patience+fn.Deadline {
			t.Errorf("%s: tried for %s, and a claim is taken over after %s", trigger.Name, span, state.Patience)
		}
	}
}

// Without its parts a function refuses what needs them, and does not panic.
func TestAFunctionWithoutItsPartsRefuses(t *testing.T) {
	for _, f := range distaff.Functions(distaff.Parts{Bucket: state.New(mem.New())}) {
		switch f.Name {
		case "release-look", "gate-ask", "bus-publish": // what they have no part for is an answer
			continue
		}
		if eventing.Kind(f) != "doer" || f.System == "" {
			continue
		}
		for _, route := range f.Hears {
			if route.Type == event.ComposeMakeWanted.Name() {
				continue // of a compose that is not there nothing is wanted
			}
			e := fn.Sent("test", event.Draft{ID: "e", Type: route.Type, Data: []byte(`{"label":"fedora/rpms/bash/12/1/build/1"}`)}, time.Unix(0, 0))
			if _, err := f.Hear(t.Context(), e); err == nil {
				t.Errorf("%s took a %s", f.Name, route.Type)
			}
		}
	}
}
