package event_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// check plays data of a kind, every field of it set, through an event.
func check[T event.Data](t *testing.T, kind event.Kind[T]) {
	t.Run(kind.Name(), func(t *testing.T) {
		var data T
		fill(reflect.ValueOf(&data).Elem())
		draft := kind.Say(data)
		draft.ID = "id"
		e := fn.Sent("test", draft, time.Unix(1772442000, 0))
		if err := e.Validate(); err != nil {
			t.Errorf("no valid CloudEvent: %v", err)
		}
		wire, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var heard event.Event
		if err := json.Unmarshal(wire, &heard); err != nil {
			t.Fatal(err)
		}
		back, err := kind.Read(heard)
		if diff := cmp.Diff(data, back); diff != "" || err != nil {
			t.Errorf("read back: %v\n%s", err, diff)
		}
		for name, value := range draft.Attributes {
			if !regexp.MustCompile(`^[a-z0-9]{1,20}$`).MatchString(name) || value == "" {
				t.Errorf("the attribute %q is %q", name, value)
			}
			if got := event.Extension(heard, name); got != value {
				t.Errorf("the attribute %s arrives as %q, not %q", name, got, value)
			}
		}
		var empty T
		for name, value := range kind.Say(empty).Attributes {
			if value == "" {
				t.Errorf("the attribute %s of nothing is empty, not absent", name)
			}
		}
	})
}

// fill sets every field to something that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = time.Date(2026, 3, 2, 9, 0, 0, 123000000, time.UTC)
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("täxt/" + v.Type().Name())
	case reflect.Int, reflect.Int64:
		v.SetInt(45270170123456789) // more than a float64 holds
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		if raw, ok := v.Addr().Interface().(*json.RawMessage); ok {
			*raw = json.RawMessage(`{"id":12,"state_name":"done"}`)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	default:
		panic("fill does not know " + v.Type().String())
	}
}

func TestEveryKindReadsBackWhatItSays(t *testing.T) {
	check(t, event.PullRequestOpened)
	check(t, event.PullRequestUpdated)
	check(t, event.PullRequestReopened)
	check(t, event.PullRequestClosed)
	check(t, event.PullRequestMerged)
	check(t, event.PullRequestCommented)
	check(t, event.MessageIgnored)
	check(t, event.ChangeLookWanted)
	check(t, event.ChangeLooked)
	check(t, event.ReleaseLookWanted)
	check(t, event.ReleaseLooked)
	check(t, event.BuildWanted)
	check(t, event.BuildCancelWanted)
	check(t, event.BuildLookWanted)
	check(t, event.KojiTaskChanged)
	check(t, event.BuildStarted)
	check(t, event.BuildRefused)
	check(t, event.BuildSeen)
	check(t, event.BuildEnded)
	check(t, event.BuildCancelled)
	check(t, event.TestsWanted)
	check(t, event.TestsCancelWanted)
	check(t, event.TestsLookWanted)
	check(t, event.TestingFarmChanged)
	check(t, event.TestsRequested)
	check(t, event.TestsSeen)
	check(t, event.TestsEnded)
	check(t, event.TestsCancelled)
	check(t, event.StatusWanted)
	check(t, event.StatusShown)
	check(t, event.TimePassed)
	check(t, event.ComposeMakeWanted)
	check(t, event.ComposeExpireWanted)
	check(t, event.ComposeBegan)
	check(t, event.ComposeProgressed)
	check(t, event.ComposeFollows)
	check(t, event.ComposeMade)
	check(t, event.ComposeFailed)
	check(t, event.ComposeRemoved)
	check(t, event.ComposeFollowed)
	check(t, event.ComposeLeaderEnded)
	check(t, event.ComposeExtended)
	check(t, event.ComposeStateChanged)
	check(t, event.ComposeWanted)
	check(t, event.ComposeTimePassed)
	check(t, event.KojiTagChanged)
	check(t, event.BodhiUpdateChanged)
	check(t, event.ModuleChanged)
	check(t, event.GateAskWanted)
	check(t, event.GateAnswered)
	check(t, event.ComposeCheckWanted)
	check(t, event.ComposeChecked)
	check(t, event.RuleTimePassed)
	check(t, event.ComposeKeepWanted)
	check(t, event.Tick)
}

// No kind is left out above.
func TestEveryKindIsTested(t *testing.T) {
	var missing []string
	source := parse(t, "event_test.go")
	for _, name := range kinds(t) {
		if !strings.Contains(source, "check(t, event."+name+")") {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		t.Errorf("not tested: %v", missing)
	}
}

func parse(t *testing.T, name string) string {
	t.Helper()
	raw, err := fs.ReadFile(sources(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// kinds are the constants of the package whose type is a Kind.
func kinds(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(sources(t), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, parse(t, name), 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if generic, ok := spec.Type.(*ast.IndexExpr); ok {
				if id, ok := generic.X.(*ast.Ident); ok && id.Name == "Kind" {
					names = append(names, spec.Names[0].Name)
				}
			}
			return true
		})
	}
	if len(names) < 30 {
		t.Fatalf("only %v are found", names)
	}
	return names
}

func TestAKindReadsOnlyItsOwn(t *testing.T) {
	d := event.BuildEnded.Say(event.Build{Label: "l"})
	d.ID = "id"
	e := fn.Sent("test", d, time.Unix(0, 0))
	if _, err := event.BuildSeen.Read(e); err == nil || !strings.Contains(err.Error(), "the event is a distaff.build.ended") {
		t.Errorf("Read = %v", err)
	}
}

func TestWithLeavesTheDraftAsItWas(t *testing.T) {
	d := event.BuildEnded.Say(event.Build{Koji: "fedora"})
	more := d.With("due", "due/x")
	if _, has := d.Attributes["due"]; has || more.Attributes["due"] != "due/x" || more.Attributes["koji"] != "fedora" {
		t.Errorf("%v, %v", d.Attributes, more.Attributes)
	}
	if same := d.With("due", ""); len(same.Attributes) != len(d.Attributes) {
		t.Errorf("an empty attribute was added: %v", same.Attributes)
	}
	if bare := (event.Draft{}).With("due", "x"); bare.Attributes["due"] != "x" {
		t.Errorf("%v", bare.Attributes)
	}
}

func TestExtensionsAreText(t *testing.T) {
	var e event.Event
	e.SetSpecVersion("1.0")
	e.SetExtension("run", 7)
	if got := event.Extension(e, "run"); got != "7" {
		t.Errorf("run is %q", got)
	}
	if got := event.Extension(e, "absent"); got != "" {
		t.Errorf("absent is %q", got)
	}
}

func TestNamesOfPullRequests(t *testing.T) {
	tests := []struct {
		id             event.PullRequestID
		text, document string
	}{
		{event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}, "fedora/rpms/bash#12", "fedora/rpms/bash/12"},
		{event.PullRequestID{Forge: "fedora", Repo: "rpms/libstdc++", Number: 1}, "fedora/rpms/libstdc++#1", "fedora/rpms/libstdc~2b~2b/1"},
		{event.PullRequestID{Forge: "gitlab", Repo: "redhat/centos-stream/rpms/bash", Number: 7}, "gitlab/redhat/centos-stream/rpms/bash#7", "gitlab/redhat/centos-stream/rpms/bash/7"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if tt.id.String() != tt.text || tt.id.Document() != tt.document || tt.id.Package() == "" {
				t.Errorf("%q, %q", tt.id.String(), tt.id.Document())
			}
			byName, err := event.ParsePullRequestID(tt.text)
			byDocument, err2 := event.ParseDocument(tt.document)
			if diff := cmp.Diff([]event.PullRequestID{tt.id, tt.id}, []event.PullRequestID{byName, byDocument}); diff != "" || err != nil || err2 != nil {
				t.Errorf("%v, %v\n%s", err, err2, diff)
			}
		})
	}
	for _, bad := range []string{"", "bash", "rpms/bash", "fedora/rpms/bash#", "fedora/rpms/bash#0", "fedora/rpms/bash#x", "#1", "/#1", "fedora/#1"} {
		if id, err := event.ParsePullRequestID(bad); err == nil {
			t.Errorf("%q reads as %v", bad, id)
		}
	}
	for _, bad := range []string{"", "fedora/1", "fedora/rpms/bash", "fedora/rpms/bash/012", "fedora/rpms/bash/0", "fedora/rpms/b~ash/1", "fedora/rpms/b+sh/1", "fedora/rpms~2fbash/1"} {
		if id, err := event.ParseDocument(bad); err == nil {
			t.Errorf("%q reads as %v", bad, id)
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add("fedora/rpms/bash/12")
	f.Add("~/rpms/libstdc~2b~2b/1")
	f.Add("fedora/~2e~2e/1")
	f.Fuzz(func(t *testing.T, path string) {
		id, err := event.ParseDocument(path)
		if err == nil && id.Document() != path {
			t.Errorf("%q reads as %v, which is %q", path, id, id.Document())
		}
	})
}

func FuzzParsePullRequestID(f *testing.F) {
	f.Add("fedora/rpms/bash#12")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := event.ParsePullRequestID(text)
		if err != nil {
			return
		}
		again, err := event.ParsePullRequestID(id.String())
		if err != nil || again != id {
			t.Errorf("%q reads as %v, and that as %v: %v", text, id, again, err)
		}
		if slices.Contains(strings.Split(id.Document(), "/"), "") {
			t.Errorf("%q has the document %q", text, id.Document())
		}
	})
}

func sources(t *testing.T) fs.FS {
	t.Helper()
	return os.DirFS(".")
}
