package composeapi_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/state"
)

// Over the real protocol the same tags come with lists, reads and writes, so
// that what was read once is not read again.
func TestOverS3(t *testing.T) {
	local, err := store.Open("", store.Options{Credentials: store.Credentials{AccessKey: "local", SecretKey: "local-secret"}})
	if err == nil {
		_, err = local.Bucket("distaff")
	}
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(local)
	defer front.Close()
	remote, err := s3.Open(t.Context(), s3.Options{
		Bucket: "distaff", Endpoint: front.URL, Region: "us-east-1", PathStyle: true, AccessKey: "local", SecretKey: "local-secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	counted := blob.Count(remote)
	bucket := state.New(counted)
	urls := odcs.URLs{Composes: front.URL + "/distaff/composes"}
	desk := compose.NewDesk(bucket, compose.Rules{Show: func(c compose.Compose) json.RawMessage { return odcs.Show(c, urls) }}, index.Beside)
	list := index.NewList(counted, desk.Read)
	o := open()
	o.URLs = urls
	f := composeapi.New(composeapi.Parts{Desk: desk, IDs: desk.IDs, List: list, Store: counted, Login: anyone{}, Now: time.Now, Nonce: bucket.Nonce}, o)
	s := &server{now: time.Now()}
	h := fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Sink: s.take}, f)
	for _, tag := range []string{"f44", "f45"} {
		if w := ask(t, h, http.MethodPost, composes, `{"source":{"type":"tag","source":"`+tag+`"}}`); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if _, err := index.NewIndexer(bucket, counted, desk.Read).Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, most := range []int64{3, 1, 1} {
		before := counted.Usage()
		var found struct{ Meta struct{ Total int } }
		w := ask(t, h, http.MethodGet, composes+"?state=wait", "")
		if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil || found.Meta.Total != 2 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if used := counted.Usage().Sub(before); used.Requests() > most {
			t.Errorf("query %d: %+v", n, used)
		}
	}
	if w := ask(t, h, http.MethodDelete, composes+"1", ""); w.Code != http.StatusAccepted {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if c := read(t, ask(t, h, http.MethodGet, composes+"1", "")); c.StateName != "failed" || c.StateReason != "Canceled by unknown" {
		t.Errorf("%+v", c)
	}
}
