package testingfarmwebhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	testingfarmwebhook "github.com/distaff-project/distaff/functions/testing-farm-webhook"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

func TestCalls(t *testing.T) {
	key := []byte("0123456789abcdef")
	const label, id = "fedora/rpms/bash/12/1/rpmlint/1", "0a1b2c3d-0000-1111-2222-333344445555"
	address := testingfarm.Address("/public", label, key)
	forged := testingfarm.Address("/public", label, []byte("another key of ours"))
	moved := strings.Replace(address, "/12/", "/13/", 1)
	good := `{"request_id": "` + id + `"}`
	tests := []struct {
		name, method, path, body string
		code                     int
		said                     bool
	}{
		{"a change", http.MethodPost, address, good, http.StatusAccepted, true},
		{"with words we do not know", http.MethodPost, address, `{"request_id":"` + id + `","token":"x","state":"complete"}`, http.StatusAccepted, true},
		{"a forged address", http.MethodPost, forged, good, http.StatusNotFound, false},
		{"the address of another test", http.MethodPost, moved, good, http.StatusNotFound, false},
		{"no address", http.MethodPost, "/public", good, http.StatusNotFound, false},
		{"nothing", http.MethodPost, "/", good, http.StatusNotFound, false},
		{"a look with a browser", http.MethodGet, address, "", http.StatusNotFound, false},
		{"no JSON", http.MethodPost, address, `<html>`, http.StatusBadRequest, false},
		{"no request", http.MethodPost, address, `{}`, http.StatusBadRequest, false},
		{"a request that is a path", http.MethodPost, address, `{"request_id":"../../requests"}`, http.StatusBadRequest, false},
		{"a body without end", http.MethodPost, address, `{"request_id":"` + id + `","x":"` + strings.Repeat("x", 1<<20) + `"}`, http.StatusBadRequest, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer, drafts, err := testingfarmwebhook.New(key).Web(t.Context(), httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body)))
			if err != nil || answer.Code != tt.code || len(drafts) > 0 != tt.said {
				t.Fatalf("answered %d %q, said %v, %v", answer.Code, answer.Text, drafts, err)
			}
			if !tt.said {
				return
			}
			var got event.FarmRequest
			if err := json.Unmarshal(drafts[0].Data, &got); err != nil || got != (event.FarmRequest{Farm: "public", Request: id, Label: label}) {
				t.Errorf("said %+v, %v", got, err)
			}
		})
	}
	t.Run("a caller that hangs up", func(t *testing.T) {
		answer, drafts, err := testingfarmwebhook.New(key).Web(t.Context(), httptest.NewRequest(http.MethodPost, address, io.MultiReader(strings.NewReader("{"), broken{})))
		if err != nil || answer.Code != http.StatusBadRequest || len(drafts) > 0 {
			t.Errorf("answered %d, said %v, %v", answer.Code, drafts, err)
		}
	})
	t.Run("without a key nobody is believed", func(t *testing.T) {
		answer, drafts, _ := testingfarmwebhook.New(nil).Web(t.Context(), httptest.NewRequest(http.MethodPost, address, strings.NewReader(good)))
		if answer.Code != http.StatusNotFound || len(drafts) > 0 {
			t.Errorf("answered %d, said %v", answer.Code, drafts)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
