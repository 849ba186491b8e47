package distaff

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
)

// What func hands events to: a value of New with this method.
var (
	_ func() *Collection = New
	_ interface {
		Handle(ctx context.Context, e cloudevents.Event) error
	} = (*Collection)(nil)
)

// func takes a package with both, or with one in a test, for another kind of
// function.
func TestTheRootPackageHasOneEntry(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	var found []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil && (f.Name.Name == "New" || f.Name.Name == "Handle") {
				found = append(found, name+" "+f.Name.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"func.go New"}, found); diff != "" {
		t.Error(diff)
	}
}

// environment is one with a configuration whose secrets are all there.
func environment(t *testing.T, more map[string]string) func(string) (string, bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "distaff.yaml")
	text := simple()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(name string) (string, bool) {
		if value, ok := more[name]; ok {
			return value, true
		}
		switch name {
		case "DISTAFF_CONFIG":
			return file, true
		case "FUNCTION":
			return "", false
		}
		if cut, _, _ := strings.Cut(name, "_"); cut == "K" || cut == "OTEL" || cut == "DISTAFF" || cut == "HOSTNAME" {
			return "", false
		}
		return "0123456789abcdef", true
	}
}

func TestEverythingWrongWithTheEnvironmentIsToldAtOnce(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{
			"FUNCTION": "build-start, on-pr-open,testing-farm-webhook", "DISTAFF_CONFIG": "/nowhere/distaff.yaml",
		}[name]
		return value, ok
	}
	_, err := startEvents(t.Context(), env, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{
		`no function is called "on-pr-open"; there are forge-webhook,`, "testing-farm-webhook is an api",
		"K_SINK: is missing", "/nowhere/distaff.yaml",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestApisAreNotInTheCollection(t *testing.T) {
	env := environment(t, map[string]string{"K_SINK": "http://127.0.0.1:1"})
	asked := func(name string) (string, bool) {
		if strings.HasSuffix(name, "_HOOKS") {
			t.Errorf("%s is asked for", name)
		}
		return env(name)
	}
	p, err := startEvents(t.Context(), asked, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Functions {
		if f.Web != nil {
			t.Errorf("%s is", f.Name)
		}
	}
}

func TestTheStatusTellsKnativeWhatToDo(t *testing.T) {
	p, err := startEvents(t.Context(), environment(t, map[string]string{"K_SINK": "http://127.0.0.1:1"}), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e := cloudevents.New()
	e.SetID("1")
	e.SetSource("/test")
	e.SetType("org.example.unknown")
	err = (&Collection{p}).Handle(t.Context(), e)
	var result *cehttp.Result
	if !errors.As(err, &result) || result.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an event nobody hears: %v", err)
	}
}

func TestARedirectingBrokerHasNotTakenTheEvent(t *testing.T) {
	taken := 0
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer broker.Close()
	e := cloudevents.New()
	e.SetID("1")
	e.SetSource("/test")
	e.SetType("org.example")
	if err := post(sinkSettings{address: broker.URL})(t.Context(), e); err == nil || taken != 1 {
		t.Errorf("taken %d times, %v", taken, err)
	}
}
