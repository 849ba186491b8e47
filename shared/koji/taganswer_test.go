package koji_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// answering is a hub that answers every call alike.
func answering(t *testing.T, body func(call string) string) *koji.Hub {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<?xml version='1.0'?><methodResponse><params><param>"+body(string(raw))+"</param></params></methodResponse>")
	}))
	t.Cleanup(web.Close)
	hub, err := koji.New(koji.Config{Server: web.URL, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

func list(values ...string) string {
	return "<value><array><data>" + strings.Join(values, "") + "</data></array></value>"
}

func members(pairs ...string) string {
	var out strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		out.WriteString("<member><name>" + pairs[i] + "</name>" + pairs[i+1] + "</member>")
	}
	return "<value><struct>" + out.String() + "</struct></value>"
}

func whole(n int) string { return fmt.Sprintf("<value><int>%d</int></value>", n) }

func text(s string) string { return "<value><string>" + s + "</string></value>" }

func TestTheKeysOfAPackageAreGatheredFromItsRows(t *testing.T) {
	row := func(id int, key string) string { return members("id", whole(id), "name", text("a"), "sigkey", key) }
	hub := answering(t, func(string) string {
		return list(list(row(1, text("bbbbbbbb")), row(2, "<value><nil/></value>"), row(1, text("aaaaaaaa")), row(3, text("")), row(1, text(""))), list())
	})
	rpms, _, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "x", Signatures: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64][]string{}
	for _, p := range rpms {
		got[p.ID] = p.Sigkeys
	}
	if diff := cmp.Diff(map[int64][]string{1: {"", "aaaaaaaa", "bbbbbbbb"}, 2: {}, 3: {""}}, got); diff != "" || len(rpms) != 3 {
		t.Error(diff)
	}
}

func TestALongCallIsSentInHalves(t *testing.T) {
	var requests atomic.Int64
	hub := answering(t, func(call string) string {
		requests.Add(1)
		if len(call) > 4<<20 {
			t.Errorf("a call of %d bytes", len(call))
		}
		return list(strings.Split(strings.Repeat(list(whole(1))+"\n", strings.Count(call, "<name>methodName</name>")-1)+list(whole(1)), "\n")...)
	})
	long := strings.Repeat("x", 100<<10)
	sum := make([]int64, 100)
	var calls []koji.Call
	for i := range sum {
		calls = append(calls, koji.Call{Method: "m", Args: []any{long}, Read: func(r *xmlrpc.Reader) { sum[i] = r.Int() }})
	}
	if errs, err := hub.MultiCall(t.Context(), calls); err != nil || len(errs) != 100 {
		t.Fatal(err)
	}
	for i, n := range sum {
		if n != 1 {
			t.Errorf("call %d was not answered", i)
		}
	}
	if requests.Load() < 4 {
		t.Errorf("%d requests", requests.Load())
	}
	calls[0].Args = []any{strings.Repeat("x", 4<<20)}
	if _, err := hub.MultiCall(t.Context(), calls[:1]); err == nil || requests.Load() > 8 {
		t.Errorf("a call no hub takes was sent: %v", err)
	}
}

func TestAnAnswerThatDoesNotFitIsRefused(t *testing.T) {
	calls := []koji.Call{{Method: "a", Read: func(r *xmlrpc.Reader) { r.Skip() }}, {Method: "b", Read: func(r *xmlrpc.Reader) { r.Skip() }}}
	for name, answer := range map[string]string{
		"too few":       list(list(whole(1))),
		"too many":      list(list(whole(1)), list(whole(1)), list(whole(1))),
		"two values":    list(list(whole(1), whole(2)), list(whole(1))),
		"no value":      list(list(), list(whole(1))),
		"not a list":    whole(1),
		"no list in it": list(whole(1), whole(2)),
	} {
		t.Run(name, func(t *testing.T) {
			hub := answering(t, func(string) string { return answer })
			if _, err := hub.MultiCall(t.Context(), calls); !errors.Is(err, xmlrpc.ErrMalformed) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAListWithoutEndIsCutOff(t *testing.T) {
	hub := answering(t, func(string) string { return list(strings.Repeat("<value><struct></struct></value>", 1<<16+1)) })
	if tags, err := hub.Tags(t.Context(), "*"); err == nil {
		t.Errorf("%d tags", len(tags))
	}
}

func TestAHubWithoutDraftsIsAskedAgain(t *testing.T) {
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		asked++
		if strings.Contains(string(raw), "<name>draft</name>") {
			_, _ = io.WriteString(w, "<methodResponse><fault>"+members("faultCode", whole(1019),
				"faultString", text("listTagged() got an unexpected keyword argument 'draft'"))+"</fault></methodResponse>")
			return
		}
		_, _ = io.WriteString(w, "<methodResponse><params><param>"+list(members("build_id", whole(5)))+"</param></params></methodResponse>")
	}))
	t.Cleanup(web.Close)
	hub, err := koji.New(koji.Config{Server: web.URL})
	if err != nil {
		t.Fatal(err)
	}
	builds, err := hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: "x", NoDrafts: true})
	if err != nil || len(builds) != 1 || builds[0].ID != 5 || asked != 2 {
		t.Errorf("%+v, %v, asked %d times", builds, err, asked)
	}
}

func TestScratchPackagesAreListed(t *testing.T) {
	server, hub := local(t, kojitest.Script{}, twoArches)
	id := mustBuild(t, hub, scratch("a"))
	if _, err := hub.ScratchRPMs(t.Context(), id+1000); err == nil {
		t.Error("a task that does not exist has packages")
	} else {
		wantMissing(t, err, "task", (id + 1000).String())
	}
	finish(t, server, id)
	rpms, err := hub.ScratchRPMs(t.Context(), id)
	if err != nil || len(rpms) != 2 || rpms[0].Name != "hello" || rpms[0].Size == 0 {
		t.Fatalf("%+v, %v", rpms, err)
	}
	for _, p := range rpms {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := post(t, req, http.StatusOK); int64(len(body)) != p.Size || !strings.HasSuffix(p.URL, "/"+p.Path) {
			t.Errorf("%+v: %d bytes", p, len(body))
		}
	}
	failed := mustBuild(t, hub, koji.BuildRequest{Source: source, Target: "none", Scratch: true})
	finish(t, server, failed)
	_, err = hub.ScratchRPMs(t.Context(), failed)
	mentions(t, err, "FAILED, not CLOSED")
	_, err = hub.ScratchRPMs(t.Context(), id+1)
	mentions(t, err, "no scratch build")
}

func TestARefusedCredentialIsRecognised(t *testing.T) {
	_, hub := local(t, kojitest.Script{})
	base := strings.TrimSuffix(hubAddress(t, hub), "/kojihub")
	_, err := as(t, base, koji.Password("ci", "wrong")).LastEvent(t.Context())
	if !koji.Unauthorized(err) || koji.Temporary(err) {
		t.Errorf("%v", err)
	}
	if _, err := hub.Tag(t.Context(), "none", 0); koji.Unauthorized(err) {
		t.Errorf("%v", err)
	}
	if _, err := as(t, base, koji.Credential{}).CreateSideTag(t.Context(), "rawhide"); err == nil || koji.Unauthorized(err) {
		t.Errorf("nobody was refused as a bad credential: %v", err)
	}
}
