package testingfarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/wire"
)

const id = "7d6a6cbf-3cd5-49fb-aca1-f76ffa0734aa"

// saying serves one answer to whatever is asked.
func saying(t *testing.T, code int, body string) (*testingfarm.Farm, *int) {
	t.Helper()
	calls := new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*calls++
		if r.Header.Get("Authorization") != "Bearer key" {
			t.Errorf("%s %s came without the key", r.Method, r.URL)
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return testingfarm.New(testingfarm.Config{Name: "test", URL: server.URL + "/v0.1/", Token: "key", Pause: time.Millisecond}), calls
}

func TestARefusalSpeaksInTestingFarmsWords(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		body string
		want string
	}{
		"message":         {400, `{"message":"Compose is unknown"}`, "Compose is unknown"},
		"errors":          {400, `{"message":"Bad","errors":{"environments":{"0":{"arch":["not one"],"os":"gone"}}}}`, "environments.0.arch: not one; environments.0.os: gone"},
		"flat errors":     {400, `{"errors":{"environments.0.arch":"Not a valid choice"}}`, "environments.0.arch: Not a valid choice"},
		"detail":          {422, `{"detail":[{"loc":["body","test","tmt",0],"msg":"field required","type":"x"},{"msg":"and more"}]}`, "test.tmt.0: field required; and more"},
		"detail in words": {403, `{"detail":"Not authenticated"}`, "Not authenticated"},
		"no words":        {404, `<html>`, "Not Found"},
		"key refused":     {401, `{"message":"Not authorized"}`, "Not authorized"},
		"errors with 200": {200, `{"success":false,"errors":{"test":"wrong"}}`, "test: wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			farm, calls := saying(t, c.code, c.body)
			_, err := farm.Request(t.Context(), json.RawMessage(`{}`))
			var refused *testingfarm.Refused
			if !errors.As(err, &refused) || refused.Code != c.code || wire.Temporary(err) || errors.Is(err, testingfarm.ErrUnknown) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, refused.Reason); diff != "" {
				t.Error(diff)
			}
			if *calls != 1 {
				t.Errorf("asked %d times", *calls)
			}
		})
	}
}

func TestALostAnswerIsToldFromARefusal(t *testing.T) {
	for name, c := range map[string]struct {
		code      int
		body      string
		unknown   bool
		temporary bool
	}{
		"busy":                {503, ``, false, true},
		"too many":            {429, ``, false, true},
		"a proxy gave up":     {504, ``, true, true},
		"broken":              {500, ``, true, true},
		"taken, no id":        {200, `{}`, true, false},
		"taken, not readable": {200, `<html>`, true, false},
		"taken, an odd id":    {200, `{"id":"../x"}`, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			farm, calls := saying(t, c.code, c.body)
			_, err := farm.Request(t.Context(), json.RawMessage(`{}`))
			if errors.Is(err, testingfarm.ErrUnknown) != c.unknown || wire.Temporary(err) != c.temporary {
				t.Errorf("got %v", err)
			}
			if *calls != 1 {
				t.Errorf("asked %d times", *calls)
			}
		})
	}
}

func TestNobodyThereIsNoLostAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	farm := testingfarm.New(testingfarm.Config{URL: server.URL, Token: "key"})
	_, err := farm.Request(t.Context(), json.RawMessage(`{}`))
	if errors.Is(err, testingfarm.ErrUnknown) || !wire.Temporary(err) {
		t.Errorf("got %v", err)
	}
}

func TestAnAskingCutShortIsALostAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is noticed that the client goes
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	farm := testingfarm.New(testingfarm.Config{URL: server.URL, Token: "key"})
	if _, err := farm.Request(ctx, json.RawMessage(`{}`)); !errors.Is(err, testingfarm.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTheKeyIsNeverInAnError(t *testing.T) {
	for _, code := range []int{400, 401, 500, 503} {
		farm, _ := saying(t, code, `{"message":"no"}`)
		_, err := farm.Request(t.Context(), json.RawMessage(`{}`))
		if err == nil || strings.Contains(err.Error(), "Bearer") || strings.Contains(err.Error(), "\"key\"") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestCancellingWhatIsOverIsNoError(t *testing.T) {
	for code, fine := range map[int]bool{200: true, 204: true, 409: true, 404: false, 401: false, 500: false} {
		farm, _ := saying(t, code, "")
		err := farm.Cancel(t.Context(), id)
		if (err == nil) != fine {
			t.Errorf("%d: %v", code, err)
		}
		if errors.Is(err, testingfarm.ErrNotFound) != (code == 404) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestOnlyARequestsIDIsPutIntoAnAddress(t *testing.T) {
	farm, calls := saying(t, 200, "{}")
	for _, odd := range []string{"", "../composes/public", id + "/x", strings.ToUpper(id), id[:35] + "?"} {
		if _, err := farm.Look(t.Context(), odd); !errors.Is(err, testingfarm.ErrNotFound) {
			t.Errorf("look at %q: %v", odd, err)
		}
		if err := farm.Cancel(t.Context(), odd); !errors.Is(err, testingfarm.ErrNotFound) {
			t.Errorf("cancel %q: %v", odd, err)
		}
	}
	if *calls != 0 {
		t.Errorf("%d calls were made", *calls)
	}
}
