package composemake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/compose"
)

// What somebody's compose says of itself is anybody's text.
func TestAHostileComposeOfSomebodyElses(t *testing.T) {
	type entry map[string]any
	file := func(n int, key any) entry {
		return entry{"path": fmt.Sprintf("Server/x86_64/os/Packages/b/bash-%d-1.x86_64.rpm", n), "sigkey": key, "category": "binary"}
	}
	document := func(rpms any) string {
		raw, err := json.Marshal(map[string]any{
			"header": map[string]any{"type": "productmd.rpms", "version": "1.2"},
			"payload": map[string]any{
				"compose": map[string]any{"date": "20261121", "id": "X-1-20261121.0", "respin": 0, "type": "production"},
				"rpms":    map[string]any{"Server": rpms},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	many := func(n int, arch func(int) string, source func(int) string, key func(int) any) string {
		arches := map[string]any{}
		for i := range n {
			all, _ := arches[arch(i)].(map[string]any)
			if all == nil {
				all = map[string]any{}
				arches[arch(i)] = all
			}
			files, _ := all[source(i)].(map[string]any)
			if files == nil {
				files = map[string]any{}
				all[source(i)] = files
			}
			files[fmt.Sprintf("bash-0:%d-1.x86_64", i)] = file(i, key(i))
		}
		return document(arches)
	}
	one := func(text string) func(int) string { return func(int) string { return text } }
	each := func(format string) func(int) string { return func(i int) string { return fmt.Sprintf(format, i) } }
	none := func(int) any { return nil }
	words := map[string]string{
		"many keys of a build": "signed with 3000 keys", "many arches of a build": "has 3000 architectures",
		"many builds": "There are no builds", "no JSON": "cannot be read",
	}
	for name, text := range map[string]string{
		"many keys of a build":   many(3_000, one("x86_64"), one("bash-0:5.2-1.fc45.src"), func(i int) any { return fmt.Sprintf("%08x", i) }),
		"many arches of a build": many(3_000, each("arch%d"), one("bash-0:5.2-1.fc45.src"), none),
		"many keys":              many(3_000, one("x86_64"), each("bash-0:%d-1.src"), func(i int) any { return fmt.Sprintf("%08x", i) }),
		"many arches":            many(3_000, each("arch%d"), each("bash-0:%d-1.src"), none),
		"many builds":            many(10_000, one("x86_64"), each("b%d-0:1-1.src"), none),
		"a path":                 many(1, one("../../../../compose/rule"), each("bash-0:%d-1.src"), none),
		"a line":                 many(1, one("x86_64\nbaseurl=http://evil"), each("bash-0:%d-1.src"), none),
		"a source path":          many(1, one("x86_64"), one("../bash-0:1-1.src"), none),
		"a key path":             many(1, one("x86_64"), each("bash-0:%d-1.src"), func(int) any { return "../../x" }),
		"no JSON":                "{", "nothing": "", "a list": "[]", "deep": strings.Repeat(`{"header":`, 100_000),
		"endless name": document(map[string]any{strings.Repeat("x", 1<<20): map[string]any{}}),
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }))
			defer web.Close()
			w := newWorld(t)
			w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
			c, err := w.tried(request(func(r *compose.Request) {
				r.SourceType, r.Source = compose.PungiCompose, []string{web.URL + "/compose/Server"}
			}))
			if err != nil || c.State != compose.Failed || len(c.Reason) > 8000 || !strings.Contains(c.Reason, words[name]) {
				t.Errorf("%s, %.200q, %v", c.State, c.Reason, err)
			}
			for _, key := range w.published() {
				if !strings.HasPrefix(key, "composes/odcs-1/") {
					t.Errorf("published: %s", key)
				}
			}
		})
	}
}
