package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs/client"
	"github.com/distaff-project/distaff/shared/wire"
)

// recorded is an answer of the real ODCS 0.3.8, shortened to what is read.
const recorded = `{"arches": "x86_64", "builds": null, "flags": ["no_deps"], "id": 12, "koji_event": null, "label": null, "owner": "unknown",
 "packages": "bash zsh", "removed_by": null, "result_repo": "http://localhost/odcs-12/compose/Temporary", "result_repofile": "http://localhost/odcs-12/compose/Temporary/odcs-12.repo",
 "results": ["repository"], "sigkeys": "", "source": "f45", "source_type": 1, "state": 1, "state_name": "generating", "state_reason": null, "time_done": null,
 "time_submitted": "2026-11-21T00:41:16Z", "time_to_expire": "2026-11-22T00:41:16Z", "toplevel_url": "http://localhost/odcs-12"}`

func serve(t *testing.T, o client.Options, h http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if o.URL == "" {
		o.URL = server.URL
	}
	o.Pause = time.Millisecond
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAComposeOfODCSIsRead(t *testing.T) {
	c := serve(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/1/composes/12" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(recorded))
	})
	got, err := c.Get(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	want := client.Compose{
		ID: 12, Owner: "unknown", SourceType: compose.Tag, Source: "f45", Packages: "bash zsh", Arches: "x86_64", Flags: []string{"no_deps"},
		State: compose.Generating, StateName: "generating",
		Submitted: time.Date(2026, 11, 21, 0, 41, 16, 0, time.UTC), Expires: time.Date(2026, 11, 22, 0, 41, 16, 0, time.UTC),
		Repo: "http://localhost/odcs-12/compose/Temporary", RepoFile: "http://localhost/odcs-12/compose/Temporary/odcs-12.repo", Toplevel: "http://localhost/odcs-12",
	}
	got.Raw = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWhatIsAskedOfTheServer(t *testing.T) {
	var asked []string
	c := serve(t, client.Options{Token: "secret"}, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		asked = append(asked, fmt.Sprintf("%s %s %s %s key=%s", r.Method, r.URL, body[:n], r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key")))
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"message": "Compose (id=12) has been canceled", "status": 202}`))
		case r.URL.RawQuery != "":
			_, _ = w.Write([]byte(`{"items": [` + recorded + `], "meta": {"page": 1, "pages": 3, "per_page": 1, "total": 3}}`))
		default:
			_, _ = w.Write([]byte(recorded))
		}
	})
	ctx := t.Context()
	_, err1 := c.Create(ctx, []byte(`{"source":{}}`), "k1")
	_, err2 := c.Renew(ctx, 12, nil, "k2")
	message, err3 := c.Delete(ctx, 12)
	list, err4 := c.Find(ctx, url.Values{"state": {"2"}})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`POST /api/1/composes/ {"source":{}} Bearer secret key=k1`,
		`PATCH /api/1/composes/12  Bearer secret key=k2`,
		`DELETE /api/1/composes/12  Bearer secret key=`,
		`GET /api/1/composes/?state=2  Bearer secret key=`,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if message != "Compose (id=12) has been canceled" || list.Meta.Pages != 3 || len(list.Items) != 1 {
		t.Errorf("%q, %+v", message, list)
	}
}

func TestARefusalIsToldInTheServersWords(t *testing.T) {
	c := serve(t, client.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error": "Forbidden", "message": "User anna is not in role admins.", "hint": "Ask an admin.", "status": 403}`))
	})
	_, err := c.Delete(t.Context(), 12)
	if !client.Refused(err, 403) || err.Error() != "User anna is not in role admins. Ask an admin." {
		t.Errorf("%v", err)
	}
}

func TestAServerThatIsBusyIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &getter{answers: []any{
			&wire.Error{Code: 503, After: 7 * time.Second}, state(compose.Wait), &wire.Error{Code: 0, Err: errors.New("refused")}, state(compose.Generating), state(compose.Done),
		}}
		begin := time.Now()
		var told []string
		got, err := client.Wait(t.Context(), busy, 12, func(c client.Compose) { told = append(told, c.State.String()) }, func(error) { told = append(told, "trouble") })
		if err != nil || got.State != compose.Done {
			t.Fatalf("%v, %v", got, err)
		}
		if diff := cmp.Diff([]string{"trouble", "wait", "trouble", "generating", "done"}, told); diff != "" {
			t.Error(diff)
		}
		// 7 as asked for, then 8, 9 and 10.
		if took := time.Since(begin); took != 34*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWaitingIsPoliteAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		never := &getter{answers: []any{state(compose.Generating)}}
		_, err := client.Wait(ctx, never, 12, func(client.Compose) {}, func(error) {})
		// 1+2+…+10 = 55 seconds are ten looks, and one more a minute.
		if !errors.Is(err, context.DeadlineExceeded) || never.calls != 11 {
			t.Errorf("%d looks, %v", never.calls, err)
		}
		gone := &getter{answers: []any{&client.RefusedError{Code: 404, Message: "No such compose found."}}}
		if _, err := client.Wait(t.Context(), gone, 12, nil, nil); !client.Refused(err, 404) || gone.calls != 1 {
			t.Errorf("%d, %v", gone.calls, err)
		}
		dead := &getter{answers: []any{&wire.Error{Code: 502}}}
		if _, err := client.Wait(t.Context(), dead, 12, nil, func(error) {}); wire.Code(err) != 502 || dead.calls != 20 {
			t.Errorf("%d, %v", dead.calls, err)
		}
	})
}

// getter gives answers one after the other, the last for ever.
type getter struct {
	answers []any
	calls   int
}

func state(s compose.State) client.Compose { return client.Compose{ID: 12, State: s} }

func (g *getter) Get(context.Context, int64) (client.Compose, error) {
	answer := g.answers[min(g.calls, len(g.answers)-1)]
	g.calls++
	if err, ok := answer.(error); ok {
		return client.Compose{}, err
	}
	return answer.(client.Compose), nil
}

// A server that did nothing yet says when to come again; what got no answer may
// have been heard, and is not sent twice.
func TestWhatChangesSomethingIsSentOnceUnlessItIsToComeAgain(t *testing.T) {
	var calls atomic.Int64
	var codes []int
	c := serve(t, client.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		code := codes[min(int(calls.Add(1))-1, len(codes)-1)]
		if code == 503 {
			w.Header().Set("Retry-After", "1")
		}
		if code == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(recorded))
	})
	for _, test := range []struct {
		codes []int
		calls int64
		good  bool
	}{{[]int{503, 200}, 2, true}, {[]int{502}, 1, false}, {[]int{0}, 1, false}} {
		codes = test.codes
		calls.Store(0)
		// With a key net/http would repeat what a connection was lost for.
		if _, err := c.Create(t.Context(), []byte("{}"), ""); (err == nil) != test.good || calls.Load() != test.calls {
			t.Errorf("%v: %d calls, %v", test.codes, calls.Load(), err)
		}
	}
}

func TestARequestIsNotSentOnAsAGet(t *testing.T) {
	c := serve(t, client.Options{Token: "secret"}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there/api/1/composes/" {
			http.Redirect(w, r, "/there"+r.URL.Path+"?token=x", http.StatusMovedPermanently)
			return
		}
		_, _ = w.Write([]byte(`{"items": [], "meta": {"page": 1}}`))
	})
	_, err := c.Create(t.Context(), []byte("{}"), "")
	if err == nil || !strings.Contains(err.Error(), "/there/api/1/composes/: use that as the address") || strings.Contains(err.Error(), "token=x") {
		t.Errorf("%v", err)
	}
	if _, err := c.Find(t.Context(), nil); err != nil {
		t.Errorf("a read is sent on: %v", err)
	}
}

func TestASecretGoesNowhereElse(t *testing.T) {
	for address, good := range map[string]bool{
		"https://odcs.example.org": true, "https://odcs.example.org/api/1/": true, "http://localhost:8080": true, "http://[::1]:80/x": true,
		"http://odcs.example.org": false, "ftp://odcs.example.org": false, "https://user:pw@odcs.example.org": false, "odcs.example.org": false, "": false, "https://x?y": false,
	} {
		if _, err := client.New(client.Options{URL: address, Token: "secret"}); (err == nil) != good || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the files of a compose")
		}
		_, _ = w.Write([]byte("[odcs-12]"))
	}))
	defer elsewhere.Close()
	c := serve(t, client.Options{Token: "secret"}, nil)
	if text, err := c.File(t.Context(), elsewhere.URL+"/odcs-12.repo"); err != nil || string(text) != "[odcs-12]" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestTicketsThatCannotBeRead(t *testing.T) {
	for cache, want := range map[string]string{
		"KCM:1000":             "a cache of type KCM cannot be read; set KRB5CCNAME=FILE:",
		"FILE:/nowhere/at/all": "nothing can be read from /nowhere/at/all; kinit first",
		"/nowhere/at/all":      "kinit first",
	} {
		_, err := client.Negotiate(func(name string) string { return map[string]string{"KRB5CCNAME": cache}[name] })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", cache, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(recorded))
	f.Add([]byte(`{"items": [` + recorded + `], "meta": {"page": 1}}`))
	f.Add([]byte(`{"id": 1e99}`))
	f.Add([]byte(`{"id": 12, "distaff": {"trail": [{"at": "2026-11-21T00:41:16Z", "text": "x"}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := client.Decode(raw); err == nil && c.ID < 1 {
			t.Errorf("%q is compose %d", raw, c.ID)
		}
		if list, err := client.DecodeList(raw); err == nil {
			for _, c := range list.Items {
				if c.ID < 1 {
					t.Errorf("%q holds compose %d", raw, c.ID)
				}
			}
		}
	})
}
