package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	statuspage "github.com/distaff-project/distaff/functions/status-page"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
)

// The page's links are relative, so they lead somewhere wherever it is served.
func TestTheStatusPageIsServedWhereverItStands(t *testing.T) {
	store := mem.New()
	if _, err := store.Put(t.Context(), "pr/fedora/rpms/bash/12.json", []byte(`{"title":"Update","run":{"number":1}}`), blob.Absent); err != nil {
		t.Fatal(err)
	}
	page := statuspage.New(store, store, statuspage.Options{Now: time.Now})
	alone, _ := start(t, page)
	beside, _ := start(t, page, api("forge-webhook"))
	for _, front := range []string{alone, alone + "/status-page", beside + "/status-page"} {
		for path, link := range map[string]string{"/": "./search", "/pr/fedora/rpms/bash/12": "../../../../search", "/ops": "./search"} {
			answer, err := http.Get(front + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `action="`+link+`"`) || answer.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s%s: %s, %v\n%s", front, path, answer.Status, err, body)
			}
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, front+path, nil)
			request.Header.Set("If-None-Match", answer.Header.Get("Etag"))
			again, err := http.DefaultClient.Do(request)
			if err != nil || again.StatusCode != http.StatusNotModified {
				t.Errorf("%s%s, asked again: %v, %v", front, path, again, err)
				continue
			}
			_ = again.Body.Close()
		}
	}
}
