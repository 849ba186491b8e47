package distaff

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/config"
)

func TestACommitLeadsToNoOtherRepository(t *testing.T) {
	var asked []string
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		if r.URL.Path != "/pungi/raw/f45/f/fedora.conf" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("release_name = 'Fedora'"))
	}))
	defer forge.Close()
	get := rawFiles(map[string]config.RawConfig{"fedora": {URL: forge.URL + "/pungi/raw/{commit}/f/{path}"}}, []config.GitFiles{
		{URL: "https://forge.example.org/modules.git", Files: forge.URL + "/pungi/raw/{commit}/f/{path}"},
	})
	for _, bad := range [][3]string{
		{"fedora", "../../attacker/raw/main", "fedora.conf"},
		{"fedora", "f45?x=", "fedora.conf"},
		{"fedora", "f45#", "fedora.conf"},
		{"fedora", "f45", "../../../attacker/raw/main/f/fedora.conf"},
		{"fedora", "f45", "/etc/passwd"},
		{"fedora", "a//b", "fedora.conf"},
		{"fedora", "f45", "a/./b"},
		{"fedora", "", "fedora.conf"},
		{"fedora", "f45", ""},
		{"fedora", "%2e%2e", "fedora.conf"},
		{"fedora", ".git", "x"},
		{"fedora", "-x", "x"},
		{"fedora", "f45\r\n", "x"},
		{"https://forge.example.org/defaults.git", "main", "nodejs.yaml"},
	} {
		_, err := get(t.Context(), bad[0], bad[1], bad[2])
		if unmet := new(gather.UnmetError); !errors.As(err, &unmet) || len(asked) > 0 {
			t.Errorf("%q: %v; asked for %v", bad, err, asked)
		}
	}
	if raw, err := get(t.Context(), "fedora", "f45", "fedora.conf"); err != nil || string(raw) != "release_name = 'Fedora'" {
		t.Errorf("%q, %v", raw, err)
	}
	if raw, err := get(t.Context(), "https://forge.example.org/modules.git", "f45", "fedora.conf"); err != nil || len(raw) == 0 {
		t.Errorf("by its address: %q, %v", raw, err)
	}
	if _, err := get(t.Context(), "fedora", "f45", "shared/general.conf"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
