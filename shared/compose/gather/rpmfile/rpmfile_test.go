package rpmfile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	made "github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// file is a package with so many files listed.
func file(files int) []byte {
	s := made.Spec{NVRA: rpm.NVRA{NVR: rpm.NVR{Name: "hello", EVR: rpm.EVR{Version: "1", Release: "1"}}, Arch: "noarch"}, SourceRPM: "hello-1-1.src.rpm", BuildTime: 1}
	for i := range files {
		s.Files = append(s.Files, fmt.Sprintf("/usr/share/hello/%06d", i))
	}
	return s.Encode()
}

func reader(t *testing.T, serve http.HandlerFunc) (*rpmfile.Reader, string) {
	t.Helper()
	web := httptest.NewServer(serve)
	t.Cleanup(web.Close)
	return rpmfile.New(rpmfile.Options{System: "files", Pause: time.Millisecond}), web.URL + "/hello.rpm"
}

func content(raw []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "hello.rpm", time.Time{}, bytes.NewReader(raw))
	}
}

func TestHeadersAreReadByRange(t *testing.T) {
	for name, tt := range map[string]struct{ files, requests int }{"a short header": {10, 1}, "a long one": {5000, 2}} {
		t.Run(name, func(t *testing.T) {
			raw := file(tt.files)
			requests := 0
			r, address := reader(t, func(w http.ResponseWriter, q *http.Request) {
				requests++
				content(raw)(w, q)
			})
			head, err := r.Head(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := head.NVRA(); err != nil || n.String() != "hello-1-1.noarch" || head.Size != int64(len(raw)) || requests != tt.requests {
				t.Errorf("%v, %d bytes, %d requests, %v", n, head.Size, requests, err)
			}
		})
	}
}

func TestAServerWithoutRangesIsReadNoFurtherThanNeeded(t *testing.T) {
	raw := append(file(10), make([]byte, 64<<20)...)
	sent := make(chan int64, 1)
	r, address := reader(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
		n, _ := bytes.NewReader(raw).WriteTo(w)
		sent <- n
	})
	head, err := r.Head(t.Context(), address)
	if err != nil || head.Size != int64(len(raw)) {
		t.Fatalf("%d bytes, %v", head.Size, err)
	}
	if n := <-sent; n > 16<<20 {
		t.Errorf("the server sent %d bytes", n)
	}
}

func TestWhatAServerMayAnswer(t *testing.T) {
	raw := file(5000)
	said := func(length string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", length)
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body)
		}
	}
	broken := func(err error) bool { return errors.Is(err, header.ErrBroken) && !rpmfile.Temporary(err) }
	gone := func(err error) bool { return errors.As(err, new(*rpmfile.GoneError)) && !rpmfile.Temporary(err) }
	odd := func(err error) bool { return err != nil && !rpmfile.Temporary(err) }
	changes := 0
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  func(error) bool
	}{
		{"no file", http.NotFound, gone},
		{"an empty file", content(nil), broken},
		{"something else", content([]byte("<html>hello</html>")), broken},
		{"a file that ends within its headers", content(raw[:2000]), broken},
		{"another range", said("bytes 5-100/200", raw[:96]), odd},
		{"a range that is none", said("pages 1-2/3", raw[:96]), odd},
		{"less than it says", said("bytes 0-32767/999999", raw[:100]), broken},
		{"more than it says", said("bytes 0-99/100", raw[:4000]), broken},
		{"a size below nothing", said("bytes 0-99/-100", raw[:100]), odd},
		{"a breakdown", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) }, rpmfile.Temporary},
		{"a file that changes meanwhile", func(w http.ResponseWriter, q *http.Request) {
			changes++
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, changes))
			http.ServeContent(w, q, "hello.rpm", time.Time{}, bytes.NewReader(raw))
		}, rpmfile.Temporary},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, address := reader(t, tt.serve)
			_, err := r.Head(t.Context(), address)
			if !tt.want(err) || !strings.Contains(err.Error(), "/hello.rpm") {
				t.Errorf("Head = %v", err)
			}
		})
	}
}

func TestAFileIsSummedWithoutBeingHeld(t *testing.T) {
	raw := bytes.Repeat([]byte("distaff "), 1<<17)
	cuts := 2
	r, address := reader(t, func(w http.ResponseWriter, q *http.Request) {
		if cuts--; cuts > 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
			_, _ = w.Write(raw[:1000])
			panic(http.ErrAbortHandler)
		}
		content(raw)(w, q)
	})
	sum, err := r.Sum(t.Context(), address)
	want := sha256.Sum256(raw)
	if err != nil || sum.SHA256 != hex.EncodeToString(want[:]) || sum.Size != int64(len(raw)) || sum.ETag != `"one"` {
		t.Errorf("%+v, %v", sum, err)
	}
	stat, err := r.Stat(t.Context(), address)
	if err != nil || stat != sum.File {
		t.Errorf("%+v, %v", stat, err)
	}
}

func TestAReaderWaitsItsTurn(t *testing.T) {
	r := rpmfile.New(rpmfile.Options{Parallel: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Text(ctx, "http://127.0.0.1:1/"); !errors.Is(err, context.Canceled) {
		t.Errorf("Text = %v", err)
	}
}

// FuzzHead lets a server answer anything.
func FuzzHead(f *testing.F) {
	f.Add("bytes 0-32767/5000", 206, file(3))
	f.Add("bytes 0-1/9", 206, []byte("\xed\xab\xee\xdb"))
	f.Add("", 200, []byte("x"))
	f.Fuzz(func(t *testing.T, span string, code int, body []byte) {
		if code < 200 || code > 599 || strings.ContainsAny(span, "\r\n") {
			t.Skip("no answer of HTTP")
		}
		web := httptest.NewRecorder()
		web.Header().Set("Content-Range", span)
		web.WriteHeader(code)
		_, _ = web.Write(body)
		answer := web.Result()
		answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
		r := rpmfile.New(rpmfile.Options{Pause: time.Nanosecond, HTTP: &http.Client{Transport: always(func() *http.Response {
			again := *answer
			again.Body = http.NoBody
			if code != http.StatusNoContent {
				again.Body = readCloser{bytes.NewReader(body)}
			}
			return &again
		})}})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		head, err := r.Head(ctx, "http://files.example/hello.rpm")
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("it takes for ever")
		}
		if err == nil && (head.End() > head.Size || head.Size < 0) {
			t.Errorf("headers end at %d of %d bytes", head.End(), head.Size)
		}
	})
}

type always func() *http.Response

func (a always) RoundTrip(*http.Request) (*http.Response, error) { return a(), nil }

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
