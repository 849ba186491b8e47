package fn_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func TestAnApiAnswersWithABodyOfItsOwnType(t *testing.T) {
	page := fn.Function{Name: "page", Web: func(context.Context, *http.Request) (fn.Response, []event.Draft, error) {
		return fn.Response{
			Code: http.StatusOK, Body: []byte("<p>hello"),
			Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Etag": {`"1"`}},
		}, nil, nil
	}}
	w := httptest.NewRecorder()
	fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, page).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Body.String() != "<p>hello" || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Etag") != `"1"` || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%q, %v", w.Body, w.Header())
	}
}
