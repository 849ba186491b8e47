package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
)

func TestAGoodBucketPassesInEightRequests(t *testing.T) {
	_, at, who := serve(t, store.Options{})
	if err := bucket.Init(t.Context(), at, who, "state", nil); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]bucket.Store{"memory": mem.New(), "embedded": reach(t, at, who, "state")} {
		counted := &counting{Store: s}
		if err := bucket.Probe(t.Context(), counted); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if counted.requests != 8 {
			t.Errorf("%s: %d requests", name, counted.requests)
		}
		if left, err := s.List(t.Context(), "", "", 0); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
}

type counting struct {
	bucket.Store
	requests int
}

func (c *counting) Get(ctx context.Context, key string) (blob.Object, error) {
	c.requests++
	return c.Store.Get(ctx, key)
}

func (c *counting) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	c.requests++
	return c.Store.Put(ctx, key, body, cond, opts...)
}

func (c *counting) Delete(ctx context.Context, key string) error {
	c.requests++
	return c.Store.Delete(ctx, key)
}

func (c *counting) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	c.requests++
	return c.Store.List(ctx, prefix, after, limit)
}

// sinner is a bucket that breaks promises, one or several.
type sinner struct {
	*mem.Store
	ignoresAbsent, ignoresMatch, revives bool
	refusesMatch, oneTag, hidesNew       bool
	otherTag, losesWrites                bool
}

func (s sinner) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	_, matching := cond.Tag()
	_, err := s.Store.Get(ctx, key)
	missing := errors.Is(err, blob.ErrNotFound)
	switch {
	case matching && s.refusesMatch:
		return "", blob.ErrConflict
	case !matching && s.ignoresAbsent,
		matching && s.ignoresMatch && !missing,
		matching && s.revives && missing:
		cond = blob.Any
	}
	tag, err := s.Store.Put(ctx, key, body, cond, opts...)
	if err == nil && s.oneTag {
		tag = `"same"`
	}
	return tag, err
}

func (s sinner) Get(ctx context.Context, key string) (blob.Object, error) {
	if s.losesWrites {
		return blob.Object{}, blob.ErrNotFound
	}
	o, err := s.Store.Get(ctx, key)
	if s.oneTag {
		o.Tag = `"same"`
	}
	if s.otherTag {
		o.Tag = `"other"`
	}
	return o, err
}

func (s sinner) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if s.hidesNew {
		return nil, nil
	}
	return s.Store.List(ctx, prefix, after, limit)
}

func TestABucketThatBreaksAPromiseIsRefusedInWords(t *testing.T) {
	for sentence, s := range map[string]sinner{
		"two functions could both believe they started a build": {ignoresAbsent: true},
		"one change would be lost":                              {ignoresMatch: true},
		"would come back to life":                               {revives: true},
		"no document could ever be changed":                     {refusesMatch: true},
		"go unnoticed":                                          {ignoresMatch: true, oneTag: true},
		"without anybody noticing":                              {hidesNew: true},
		"another tag with a GET":                                {otherTag: true},
		"start over what another has begun":                     {losesWrites: true},
	} {
		s.Store = mem.New()
		err := bucket.Probe(t.Context(), s)
		var refused *bucket.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), sentence) {
			t.Errorf("want %q, got %v", sentence, err)
		}
		if left, err := s.Store.List(t.Context(), "", "", 0); err != nil || len(left) > 0 {
			t.Errorf("%q: left behind: %v, %v", sentence, left, err)
		}
	}
}

// TestAServerThatIgnoresConditionsIsRefused speaks S3 over the wire, as the
// servers do that answer 200 to everything.
func TestAServerThatIgnoresConditionsIsRefused(t *testing.T) {
	kept := mem.New()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/state/")
		switch r.Method {
		case http.MethodPut:
			body, _ := io.ReadAll(r.Body)
			tag, _ := kept.Put(r.Context(), key, body, blob.Any)
			w.Header().Set("ETag", string(tag))
		case http.MethodDelete:
			_ = kept.Delete(r.Context(), key)
			w.WriteHeader(http.StatusNoContent)
		case http.MethodGet:
			if o, err := kept.Get(r.Context(), key); err == nil {
				w.Header().Set("ETag", string(o.Tag))
				_, _ = w.Write(o.Body)
				return
			}
			infos, _ := kept.List(r.Context(), r.URL.Query().Get("prefix"), "", 0)
			fmt.Fprint(w, "<ListBucketResult>")
			for _, info := range infos {
				fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", info.Key)
			}
			fmt.Fprint(w, "</ListBucketResult>")
		}
	}))
	defer h.Close()
	s := reach(t, bucket.Place{Endpoint: h.URL}, bucket.Credentials{AccessKey: "a", SecretKey: "b"}, "state")
	err := bucket.Probe(t.Context(), s)
	var refused *bucket.RefusedError
	if !errors.As(err, &refused) || len(refused.Findings) != 3 {
		t.Fatalf("got %v, want three findings", err)
	}
}

func TestABucketThatCannotBeAskedIsNotJudged(t *testing.T) {
	_, at, who := serve(t, store.Options{})
	err := bucket.Probe(t.Context(), reach(t, at, who, "missing"))
	var refused *bucket.RefusedError
	if err == nil || errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}
