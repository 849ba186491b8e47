package store_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

func testCredentials() store.Credentials {
	return store.Credentials{AccessKey: "local", SecretKey: "local-secret"}
}

// serve gives a server with the bucket "test" and its address.
func serve(t testing.TB, dir string, opts store.Options) (*store.Server, string) {
	t.Helper()
	opts.Credentials = testCredentials()
	s, err := store.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bucket("test"); err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, h.URL
}

func client(t testing.TB, endpoint string) *s3.Store {
	t.Helper()
	c, err := s3.Open(t.Context(), s3.Options{
		Bucket: "test", Endpoint: endpoint, Region: store.DefaultRegion, PathStyle: true,
		AccessKey: testCredentials().AccessKey, SecretKey: testCredentials().SecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContract(t *testing.T) {
	for name, dir := range map[string]func() string{
		"directory": func() string { return t.TempDir() },
		"memory":    func() string { return "" },
	} {
		t.Run(name+" in process", func(t *testing.T) {
			s, _ := serve(t, dir(), store.Options{})
			b, err := s.Bucket("test")
			if err != nil {
				t.Fatal(err)
			}
			blobtest.Run(t, func(*testing.T) blobtest.Store { return b })
		})
		t.Run(name+" through the AWS SDK", func(t *testing.T) {
			_, endpoint := serve(t, dir(), store.Options{})
			c := client(t, endpoint)
			blobtest.Run(t, func(*testing.T) blobtest.Store { return c })
		})
	}
}

func TestWhatIsStoredIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	var tag blob.Tag
	for round := range 2 {
		s, err := store.Open(dir, store.Options{Sync: true})
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Bucket("test")
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			tag, err = b.Put(t.Context(), "p/q/r", []byte("x"), blob.Absent, blob.Type("text/plain"))
		} else {
			_, err = b.Put(t.Context(), "p/q/r", []byte("y"), blob.Match(tag))
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(dir, store.Options{}); err == nil {
			t.Error("one directory was opened twice")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaultsHappen(t *testing.T) {
	var fault store.Fault
	s, endpoint := serve(t, t.TempDir(), store.Options{Faults: func(r store.Request) store.Fault {
		f := fault
		if r.Verb == "PUT" {
			fault = store.Fault{} // once
		}
		return f
	}})
	inside, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]blobtest.Store{"http": client(t, endpoint), "process": inside} {
		fault = store.Fault{Refuse: store.ConflictNow}
		if _, err := b.Put(t.Context(), name+"/a", []byte("1"), blob.Any); !errors.Is(err, blob.ErrConflict) {
			t.Errorf("%s: 409: %v, want ErrConflict", name, err)
		}
		fault = store.Fault{Lost: true}
		_, err := b.Put(t.Context(), name+"/a", []byte("mine"), blob.Absent)
		if err == nil || errors.Is(err, blob.ErrConflict) != (name == "http") {
			t.Errorf("%s: a lost answer to a create: %v; the SDK repeats it and meets its own object", name, err)
		}
		if o, err := b.Get(t.Context(), name+"/a"); err != nil || string(o.Body) != "mine" {
			t.Errorf("%s: after a lost answer: %q, %v", name, o.Body, err)
		}
		fault = store.Fault{Refuse: store.SlowDown}
		if _, err := b.Put(t.Context(), name+"/b", []byte("1"), blob.Absent); (err == nil) != (name == "http") {
			t.Errorf("%s: 503: %v; the SDK repeats it", name, err)
		}
		fault = store.Fault{Delay: time.Millisecond}
		if _, err := b.Put(t.Context(), name+"/c", []byte("1"), blob.Absent); err != nil {
			t.Errorf("%s: late: %v", name, err)
		}
	}
}
