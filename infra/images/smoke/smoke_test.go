//go:build image || funccli

package smoke

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/tests/around"
)

// surrounded is a place whose broker remembers what was said.
type surrounded struct {
	*around.Around
	mu   sync.Mutex
	said []string
}

func surround(t *testing.T) *surrounded {
	t.Helper()
	a := new(surrounded)
	a.Around = around.New(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.said = append(a.said, r.Header.Get("ce-type"))
		w.WriteHeader(http.StatusAccepted)
	}), "")
	return a
}

// env is the environment of a process that runs one function.
func (a *surrounded) env(config string) []string {
	all := []string{"FUNCTION=on-pr-opened"}
	for name, value := range a.Env() {
		if name == "DISTAFF_CONFIG" {
			value = config
		}
		all = append(all, name+"="+value)
	}
	return all
}

// dealsWithAnEvent posts an event to address and looks at what comes of it.
func (a *surrounded) dealsWithAnEvent(t *testing.T, address string) {
	t.Helper()
	body := `{"forge":"fedora","repo":"rpms/bash","number":7,"branch":"rawhide","commit":"0123456789abcdef0123456789abcdef01234567","updated":"2026-11-21T08:00:00Z"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "distaff.pull-request.opened",
		"ce-time": "2026-11-21T08:00:00Z", "content-type": "application/json",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if resp.StatusCode != http.StatusOK || len(a.said) == 0 {
		t.Fatalf("it answered %s %s and said %q", resp.Status, answer, a.said)
	}
	t.Logf("it said %s", strings.Join(a.said, ", "))
}

// becomesReady waits until address answers, and tells whether it did in time.
func becomesReady(address string, most time.Duration) bool {
	client := &http.Client{Timeout: time.Second}
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(time.Millisecond) {
		resp, err := client.Get(address + "/health/readiness")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode/100 == 2 {
			return true
		}
	}
	return false
}
