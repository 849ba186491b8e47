package release

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

func good() *Release {
	return &Release{
		Schema: Schema, Version: "v1.2.0", Commit: strings.Repeat("a", 40), Time: time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC),
		Go: "go1.26.8", Modules: digest("b"), Config: ConfigSchema,
		Images: []Image{{
			Name: Function, Repository: "registry.example.org:5000/distaff/function", Digest: digest("c"),
			Platforms: map[string]string{"linux/amd64": digest("d"), "linux/arm64": digest("e")},
			Bytes:     map[string]int64{"linux/amd64": 11}, Base: digest("f"), SBOM: digest("0"),
		}},
	}
}

func TestAReleaseIsReadAsItWasWritten(t *testing.T) {
	text, err := good().JSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(good(), got); diff != "" {
		t.Error(diff)
	}
}

func TestABadReleaseIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Release){
		"schema is 2":         func(r *Release) { r.Schema = 2 },
		"version":             func(r *Release) { r.Version = "../v1" },
		"no full id":          func(r *Release) { r.Commit = "abc123" },
		"no version of Go":    func(r *Release) { r.Go = "1.26" },
		"modules":             func(r *Release) { r.Modules = "" },
		"it has no image":     func(r *Release) { r.Images = nil },
		"two images":          func(r *Release) { r.Images = append(r.Images, r.Images[0]) },
		"repository":          func(r *Release) { r.Images[0].Repository = "x/y\n  digest: z" },
		"digest \"v1\"":       func(r *Release) { r.Images[0].Digest = "v1" },
		"for no platform":     func(r *Release) { r.Images[0].Platforms = nil },
		"platform \"windows":  func(r *Release) { r.Images[0].Platforms["windows/amd64"] = digest("1") },
		"has 0 bytes":         func(r *Release) { r.Images[0].Bytes["linux/amd64"] = 0 },
		"provenance \"latest": func(r *Release) { r.Images[0].Provenance = "latest" },
	} {
		r := good()
		spoil(r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if _, err := r.Component(); err == nil {
			t.Errorf("%s: an overlay would run it", want)
		}
	}
	whole, err := good().JSON()
	if err != nil {
		t.Fatal(err)
	}
	unknown := strings.Replace(string(whole), `"schema"`, `"more": 1, "schema"`, 1)
	for _, text := range []string{"", "{}", "[]", "null null", unknown, string(whole) + "{}"} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q is a release", text)
		}
	}
}

func TestAnOverlayTakesTheDigestsFromTheRelease(t *testing.T) {
	overlay := t.TempDir()
	if _, err := good().Use(overlay); err == nil {
		t.Error("a directory that is no overlay was written to")
	}
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := good().Use(overlay)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kind: Component", "name: distaff\n", "newName: registry.example.org:5000/distaff/function\n", "digest: " + digest("c") + "\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestAReleaseWithoutASolverRunsComposesWithoutOne(t *testing.T) {
	r := good()
	for _, want := range []string{
		"name: distaff-solver\n    newName: registry.example.org:5000/distaff/function\n    digest: " + digest("c"),
		"name: distaff-solver\n    newName: registry.example.org:5000/distaff/function-solver\n    digest: " + digest("1"),
	} {
		text, err := r.Component()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s%v", want, text, err)
		}
		r.Images = append(r.Images, Image{
			Name: Solver, Repository: "registry.example.org:5000/distaff/function-solver", Digest: digest("1"),
			Platforms: map[string]string{"linux/amd64": digest("2")},
		})
	}
}

func FuzzParse(f *testing.F) {
	text, err := good().JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":1,"images":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			return
		}
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
		if component, err := r.Component(); err == nil && strings.Count(string(component), "\n") != 11 {
			t.Errorf("a line was smuggled in:\n%s", component)
		}
	})
}
