package distaff

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/outside"
	"github.com/distaff-project/distaff/shared/wire"
)

func TestAnAddressThatIsNotReadFromIsRefusedWhereItIsNamed(t *testing.T) {
	d := defaults(&config.Composes{Outside: []string{"mirror.internal"}})
	for address, good := range map[string]bool{
		"https://dl.example.org/$basearch/": true, "http://mirror.internal/": true, "http://dl.example.org/": false,
		"https://169.254.169.254/": false, "https://kubernetes.default.svc/": false,
	} {
		_, err := d.Parse([]byte(`{"source":{"type":"tag","source":"f45"},"lookaside_repos":["` + address + `"]}`))
		if good != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestUsersCannotHaveUsReadWhatOnlyWeCanReach(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	read := func(c *config.Composes, below, path string) error {
		f := files{
			below: below, koji: rpmfile.New(rpmfile.Options{System: "files of koji"}),
			others: rpmfile.New(rpmfile.Options{System: "files of others", HTTP: outsideHTTP(c)}),
		}
		_, err := f.Text(context.Background(), server.URL+path)
		return err
	}
	for _, below := range []string{"", "https://files.example.org/koji/", server.URL + "/koji/"} {
		err := read(&config.Composes{}, below, "/other/rpms.json")
		if !errors.As(err, new(*outside.RefusedError)) || wire.Temporary(err) || asked != 0 {
			t.Errorf("beside %q: %v; %d were asked", below, err, asked)
		}
	}
	if err := read(&config.Composes{}, server.URL+"/koji/", "/koji/rpms.json"); err != nil || asked != 1 {
		t.Error("Koji's own files are read as before:", err, asked)
	}
	if err := read(&config.Composes{Outside: []string{"127.0.0.1"}}, "", "/other/rpms.json"); err != nil || asked != 2 {
		t.Error("a host that is listed is read:", err, asked)
	}
}
