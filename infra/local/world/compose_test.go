package world_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// built is when packages were.
const built = 1_700_000_000

// packaged puts a build of one package into tags.
func packaged(t *testing.T, w *world.World, nvr string, tags ...string) {
	t.Helper()
	parsed, err := rpm.ParseNVR(nvr)
	if err != nil {
		t.Fatal(err)
	}
	source := rpm.NVRA{NVR: parsed, Arch: rpm.Source}
	var files []string
	for _, spec := range []rpmfile.Spec{
		{NVRA: source, Summary: "Source", License: "MIT", BuildTime: built},
		{NVRA: rpm.NVRA{NVR: parsed, Arch: "noarch"}, SourceRPM: source.File(), Summary: "Package", License: "MIT", BuildTime: built, Files: []string{"/usr/bin/" + parsed.Name}},
	} {
		file := filepath.Join(t.TempDir(), spec.File())
		if err := os.WriteFile(file, spec.Encode(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if _, err := w.Koji.Import(kojitest.Import{Files: files, Tags: tags, Owner: world.Robot}); err != nil {
		t.Fatal(err)
	}
}

// call calls the API of composes, and gives what is answered.
func call(t *testing.T, method, address, body string) (code int, answer map[string]any, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(raw, &answer) // not all is JSON
	return got.StatusCode, answer, string(raw)
}

func TestAComposeIsAskedForMadeAndServed(t *testing.T) {
	for name, o := range map[string]world.Options{"in memory": {Memory: true}, "on disk": {}} {
		t.Run(name, func(t *testing.T) {
			w := start(t, o)
			packaged(t, w, "bash-5.2-1.fc45", "f45")
			code, asked, text := call(t, http.MethodPost, w.Addresses.ComposeAPI()+"/api/1/composes/", `{"source":{"type":"tag","source":"f45","sigkeys":[""]},"flags":["no_deps"]}`)
			if code != http.StatusOK {
				t.Fatalf("%d: %s", code, text)
			}
			wait(t, w)
			_, made, text := call(t, http.MethodGet, w.Addresses.ComposeAPI()+"/api/1/composes/"+strconv.Itoa(int(asked["id"].(float64))), "")
			if made["state_name"] != "done" {
				t.Fatal(text)
			}
			if _, _, repo := call(t, http.MethodGet, made["result_repofile"].(string), ""); !strings.Contains(repo, "baseurl="+w.Addresses.Composes()+"/odcs-1/") {
				t.Errorf("the .repo file: %s", repo)
			}
			arch := asked["arches"].(string)
			repomd := part(t, w.Addresses.Composes()+"/odcs-1/compose/Temporary/"+arch+"/os/repodata/repomd.xml")
			if diff := cmp.Diff("206 application/xml bytes 0-4/: <?xml", repomd); diff != "" {
				t.Errorf("a part of repomd.xml: %s", diff)
			}
		})
	}
}

// part reads the first five bytes of what everybody can read, without its size.
func part(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-4")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	reach, _, _ := strings.Cut(answer.Header.Get("Content-Range"), "/")
	return fmt.Sprintf("%d %s %s/: %s", answer.StatusCode, answer.Header.Get("Content-Type"), reach, raw)
}

func TestAComposeGoesOnInTheNextWorld(t *testing.T) {
	dir := t.TempDir()
	first := start(t, world.Options{Dir: dir})
	packaged(t, first, "bash-5.2-1.fc45", "f45")
	first.Koji.All(kojitest.Offline)
	address := first.Addresses.ComposeAPI() + "/api/1/composes/"
	if code, _, text := call(t, http.MethodPost, address, `{"source":{"type":"tag","source":"f45","sigkeys":[""]},"flags":["no_deps"]}`); code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	stop(t, first)

	second := start(t, world.Options{Dir: dir})
	wait(t, second)
	if _, made, text := call(t, http.MethodGet, address+"1", ""); made["state_name"] != "done" {
		t.Error(text)
	}
}

func TestASecurityTagHasItsCompose(t *testing.T) {
	dir := t.TempDir()
	first := start(t, world.Options{Dir: dir})
	packaged(t, first, "bash-5.2-1.fc45", "f45")
	packaged(t, first, "bash-5.2-2.fc45", "f45-security")
	latest := func(w *world.World, want string) {
		t.Helper()
		wait(t, w)
		if code, told, text := call(t, http.MethodGet, w.Addresses.Composes()+"/latest-f45-security/latest.json", ""); code != http.StatusOK || told["compose_id"] != want {
			t.Errorf("%d: %s, want %s", code, text, want)
		}
	}
	latest(first, "odcs-1")
	stop(t, first)

	second := start(t, world.Options{Dir: dir})
	latest(second, "odcs-1")
	if err := second.Koji.Tag("f45-security", "bash-5.2-1.fc45", world.Robot); err != nil {
		t.Fatal(err)
	}
	latest(second, "odcs-2")
	composes, err := world.Composes(t.Context(), second.Files)
	if err != nil || len(composes) != 2 || composes[1].State != compose.Done || composes[1].Owner != "rule:f45-security" {
		t.Errorf("%v: %+v", err, composes)
	}
}
