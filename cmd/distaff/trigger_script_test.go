package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/distaff-project/distaff/infra/cluster/clustertest"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// TestClusterCommands runs the scripts in testdata/cluster. Beside distaff they
// know
//
//	cluster FILE  start a cluster's API with the objects of a file; $KUBECONFIG is for it
func TestClusterCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cluster", UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"cluster": startCluster, "mask": mask},
	})
}

func startCluster(ts *testscript.TestScript, _ bool, args []string) {
	server, err := clustertest.Create(ts.ReadFile(args[0]))
	ts.Check(err)
	front := httptest.NewServer(server)
	ts.Defer(front.Close)
	file := ts.MkAbs("kubeconfig")
	ts.Check(os.WriteFile(file, clustertest.Kubeconfig(front.URL, "ci"), 0o600))
	ts.Setenv("KUBECONFIG", file)
}

func TestWhatWouldBeDeliveredIsListed(t *testing.T) {
	store := mem.New()
	for i, id := range []string{"first", "second"} {
		e := fn.Sent("on-pr-opened", event.Draft{ID: id, Type: "distaff.build.wanted", Data: []byte(`{}`)}, time.Unix(1772442000+int64(i), 0))
		if err := dead.Hold(t.Context(), store, "build", time.Now(), e); err != nil {
			t.Fatal(err)
		}
	}
	var s recorded
	if err := listHeld(t.Context(), s.streams(), "build", store); err != nil {
		t.Fatal(err)
	}
	want := "2026-03-02 09:00:00  distaff.build.wanted  first  held\n2026-03-02 09:00:01  distaff.build.wanted  second  held\n"
	if s.out.String() != want || s.err.String() != "build: 2 events would be delivered\n" {
		t.Errorf("%q, %q", s.out.String(), s.err.String())
	}
}

// recorded keeps what a command writes.
type recorded struct{ out, err strings.Builder }

func (r *recorded) streams() streams {
	return streams{in: strings.NewReader(""), out: &r.out, err: &r.err}
}
