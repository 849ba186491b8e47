package lookaside_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/lookaside"
	"github.com/distaff-project/distaff/shared/lookaside/lookasidetest"
	"github.com/distaff-project/distaff/shared/wire"
)

func TestBothFormsOfSourcesAreRead(t *testing.T) {
	sha, md5 := strings.Repeat("0f", 64), strings.Repeat("AB", 16)
	for text, want := range map[string][]lookaside.Source{
		"": nil,
		"SHA512 (x-1.tar.gz) = " + sha + "\n\nMD5 (y+b_1~c.zip) = " + strings.ToLower(md5) + "\n": {
			{File: "x-1.tar.gz", Type: "sha512", Sum: sha}, {File: "y+b_1~c.zip", Type: "md5", Sum: strings.ToLower(md5)},
		},
		md5 + "  old-1.tar.bz2\r\n" + sha[:32] + " second.tgz": {
			{File: "old-1.tar.bz2", Type: "md5", Sum: strings.ToLower(md5)}, {File: "second.tgz", Type: "md5", Sum: sha[:32]},
		},
	} {
		got, err := lookaside.Parse([]byte(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
}

func TestASourcesFileThatCannotBeTrustedIsRefused(t *testing.T) {
	sha, md5 := strings.Repeat("0", 128), strings.Repeat("0", 32)
	for name, text := range map[string]string{
		"mixed forms":     "SHA512 (a) = " + sha + "\n" + md5 + "  b",
		"a folder":        "SHA512 (../a) = " + sha,
		"a parent":        "SHA512 (..) = " + sha,
		"an old parent":   md5 + "  ../../etc/passwd",
		"a short sum":     "SHA512 (a) = 00",
		"a sum not hex":   "SHA512 (a) = " + strings.Repeat("z", 128),
		"an unknown sum":  "CRC (a) = 00000000",
		"a name twice":    "SHA512 (a) = " + sha + "\nSHA512 (a) = " + sha,
		"a line of words": "hello there",
		"a long name":     "SHA512 (" + strings.Repeat("a", 300) + ") = " + sha,
		"a control":       "SHA512 (a\x01b) = " + sha,
	} {
		if got, err := lookaside.Parse([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestEachInstanceHasItsAddresses(t *testing.T) {
	s := lookaside.Source{File: "a b%.tgz", Type: "md5", Sum: strings.Repeat("0", 32)}
	s.File = "a+b%.tgz"
	for form, want := range map[string]string{
		lookaside.Fedora:       "https://src.fedoraproject.org/repo/pkgs/rpms/hello/a+b%25.tgz/md5/" + s.Sum + "/a+b%25.tgz",
		lookaside.CentOSStream: "https://sources.stream.centos.org/sources/rpms/hello/a+b%25.tgz/md5/" + s.Sum + "/a+b%25.tgz",
	} {
		cache, err := lookaside.New(form, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cache.URL("rpms/hello", s); err != nil || got != want {
			t.Errorf("%s, %v", got, err)
		}
		for _, name := range []string{"", "..", "rpms/../x", "a b", "/a"} {
			if got, err := cache.URL(name, s); err == nil {
				t.Errorf("%q: %s", name, got)
			}
		}
	}
	for _, form := range []string{"", "https://example.org/{name}/{file}", "/{name}/{file}/{sum}"} {
		if _, err := lookaside.New(form, nil); err == nil {
			t.Errorf("%q was taken", form)
		}
	}
}

// world is a cache with one file of one package.
func world(t *testing.T, content []byte, wrap func(http.Handler) http.Handler) (*lookaside.Cache, lookaside.Source) {
	t.Helper()
	store := lookasidetest.New(t.TempDir())
	s, err := store.Put("rpms/hello", "hello.tar.gz", content)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(wrap(store))
	t.Cleanup(web.Close)
	cache, err := lookaside.New(lookasidetest.Form(web.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cache, s
}

func asIs(h http.Handler) http.Handler { return h }

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPackedFileComesPacked(t *testing.T) {
	content := zipped(t)
	cache, s := world(t, content, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip") // as some servers say of any .gz
			h.ServeHTTP(w, r)
		})
	})
	dir := t.TempDir()
	if err := cache.Save(t.Context(), "rpms/hello", s, dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, s.File))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAnotherFileThanNamedIsNotKept(t *testing.T) {
	cache, s := world(t, []byte("hello"), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("evil")) })
	})
	dir := t.TempDir()
	err := cache.Save(t.Context(), "rpms/hello", s, dir)
	if !errors.Is(err, lookaside.ErrChecksum) || wire.Temporary(err) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestADownloadThatBreaksIsTakenUpAgain(t *testing.T) {
	var calls atomic.Int32
	cache, s := world(t, []byte("hello"), func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch calls.Add(1) {
			case 1:
				http.Error(w, "", http.StatusBadGateway)
			case 2:
				w.Header().Set("Content-Length", "5")
				_, _ = w.Write([]byte("he"))
				panic(http.ErrAbortHandler)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	if err := cache.Save(t.Context(), "rpms/hello", s, t.TempDir()); err != nil || calls.Load() != 3 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestAMissingFileIsNotAskedForAgain(t *testing.T) {
	cache, s := world(t, []byte("hello"), asIs)
	err := cache.Save(t.Context(), "rpms/other", s, t.TempDir())
	if wire.Code(err) != http.StatusNotFound || wire.Temporary(err) {
		t.Error(err)
	}
}

func TestTheStandInOnlyServesFiles(t *testing.T) {
	store := lookasidetest.New(t.TempDir())
	if _, err := store.Put("rpms/hello", "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{{"../x", "a"}, {"rpms/x", "../a"}, {"rpms/x", ""}} {
		if _, err := store.Put(bad[0], bad[1], nil); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	for path, code := range map[string]int{"/repo/pkgs/rpms/": http.StatusNotFound, "/": http.StatusNotFound} {
		w := httptest.NewRecorder()
		store.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != code {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("SHA512 (x-1.tar.gz) = " + strings.Repeat("0f", 64))
	f.Add(strings.Repeat("0", 32) + "  old.tar")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := lookaside.Parse([]byte(text))
		if err != nil {
			return
		}
		var lines strings.Builder
		for _, s := range got {
			if filepath.Base(s.File) != s.File || !filepath.IsLocal(s.File) {
				t.Errorf("%q is no plain name", s.File)
			}
			lines.WriteString(s.String() + "\n")
		}
		again, err := lookaside.Parse([]byte(lines.String()))
		if err != nil || !cmp.Equal(got, again) {
			t.Errorf("%+v became %+v, %v", got, again, err)
		}
	})
}
