package composemake_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/koji"
)

// liar is a Koji that changes what it answers.
type liar struct {
	gather.Hub
	tagged func([]koji.TaggedBuild) []koji.TaggedBuild
	rpms   func([][]koji.RPM) [][]koji.RPM
	keys   func([][]string) [][]string
	sums   func([][]koji.Checksum) [][]koji.Checksum
	tag    func(koji.Tag) koji.Tag
}

func (l liar) TaggedBuilds(ctx context.Context, q koji.TagQuery) ([]koji.TaggedBuild, error) {
	all, err := l.Hub.TaggedBuilds(ctx, q)
	if l.tagged != nil && err == nil {
		all = l.tagged(all)
	}
	return all, err
}

func (l liar) BuildRPMs(ctx context.Context, ids []int64) ([][]koji.RPM, error) {
	all, err := l.Hub.BuildRPMs(ctx, ids)
	if l.rpms != nil && err == nil {
		all = l.rpms(all)
	}
	return all, err
}

func (l liar) Signatures(ctx context.Context, ids []int64) ([][]string, error) {
	all, err := l.Hub.Signatures(ctx, ids)
	if l.keys != nil && err == nil {
		all = l.keys(all)
	}
	return all, err
}

func (l liar) Checksums(ctx context.Context, ids []int64, compute bool) ([][]koji.Checksum, error) {
	all, err := l.Hub.Checksums(ctx, ids, compute)
	if l.sums != nil && err == nil {
		all = l.sums(all)
	}
	return all, err
}

func (l liar) Tag(ctx context.Context, name string, event int64) (koji.Tag, error) {
	tag, err := l.Hub.Tag(ctx, name, event)
	if l.tag != nil && err == nil {
		tag = l.tag(tag)
	}
	return tag, err
}

func TestAKojiThatLiesFailsAComposeInWords(t *testing.T) {
	hostile := []string{
		"../../../etc", "a/b", "..", ".", "", "a b", "a\nb", "a\x00b", "a\u202eb", "a\xffb", "<script>", "$releasever", "%2e%2e%2f", "-rf",
		strings.Repeat("a", 5000), "a?b", "a#b", "a\\b", "a:b", "a@b",
	}
	cases := map[string]liar{}
	for i, word := range hostile {
		every := func(change func(*koji.RPM)) func(all [][]koji.RPM) [][]koji.RPM {
			return func(all [][]koji.RPM) [][]koji.RPM {
				for _, list := range all {
					for k := range list {
						change(&list[k])
					}
				}
				return all
			}
		}
		at := fmt.Sprintf(" %d", i)
		cases["name"+at] = liar{rpms: every(func(p *koji.RPM) { p.Name = word })}
		cases["version"+at] = liar{rpms: every(func(p *koji.RPM) { p.Version = word })}
		cases["release"+at] = liar{rpms: every(func(p *koji.RPM) { p.Release = word })}
		cases["build"+at] = liar{tagged: func(all []koji.TaggedBuild) []koji.TaggedBuild { all[0].Name = word; return all }}
		cases["build version"+at] = liar{tagged: func(all []koji.TaggedBuild) []koji.TaggedBuild { all[0].Version = word; return all }}
		if word != "" {
			cases["volume"+at] = liar{tagged: func(all []koji.TaggedBuild) []koji.TaggedBuild { all[0].Volume = word; return all }}
			cases["sum"+at] = liar{sums: func(all [][]koji.Checksum) [][]koji.Checksum {
				for k := range all {
					all[k] = []koji.Checksum{{SHA256: word}}
				}
				return all
			}}
		}
	}
	cases["negative epochs"] = liar{rpms: func(all [][]koji.RPM) [][]koji.RPM { all[0][0].Epoch, all[0][1].Epoch = -5, -1<<60; return all }}
	cases["negative sizes"] = liar{rpms: func(all [][]koji.RPM) [][]koji.RPM { all[0][0].Size, all[0][1].Size = -5, -1<<62; return all }}
	cases["huge sizes"] = liar{rpms: func(all [][]koji.RPM) [][]koji.RPM { all[0][0].Size, all[0][1].Size = 1<<62, 1<<62; return all }}
	cases["nothing"] = liar{rpms: func(all [][]koji.RPM) [][]koji.RPM { return make([][]koji.RPM, len(all)) }}
	for name, l := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
			l.Hub = w.koji.Hub
			w.koji.Hub = l
			w.open(w.options)
			c, err := w.tried(request())
			if err != nil || c.State != compose.Failed || len(c.Reason) > 4000 || strings.ContainsAny(c.Reason, "\x00\n") || !utf8.ValidString(c.Reason) {
				t.Errorf("%s, %.300q, %v", c.State, c.Reason, err)
			}
			if diff := cmp.Diff(logged(1), w.published()); diff != "" {
				t.Errorf("published is more than why it failed: %s", diff)
			}
			if log := w.get("composes/odcs-1/pungi-stderr.log"); !utf8.ValidString(log) || strings.ContainsAny(log, "\x00\x01\x1b\r") || !strings.Contains(log, " Failed: ") {
				t.Errorf("the log is %q", log)
			}
		})
	}
}

// tried makes a compose as far as it comes, or as often as it may be tried.
func (w *world) tried(r compose.Request) (compose.Compose, error) {
	id := w.ask(r)
	var err error
	for range 6 {
		err = w.hear(w.t.Context(), id)
		c, readErr := w.desk.Read(w.t.Context(), id)
		if readErr != nil || c.Over() || c.State == compose.Done {
			return c, readErr
		}
	}
	c, _ := w.desk.Read(w.t.Context(), id)
	return c, err
}

// published are the objects everybody can read.
// logged is what is left of a compose that failed.
func logged(id int64) []string {
	dir := fmt.Sprintf("composes/odcs-%d/", id)
	return []string{dir + "STATUS", dir + "pungi-stderr.log", dir + "pungi-stdout.log"}
}

func (w *world) published() []string {
	infos, err := w.store.(lister).List(w.t.Context(), "composes/", "", 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var keys []string
	for _, info := range infos {
		keys = append(keys, info.Key)
	}
	return keys
}

// spoiler changes what a file server answers.
type spoiler func(req *http.Request, answer *http.Response, n int) *http.Response

type spoiled struct {
	spoil spoiler
	n     *atomic.Int64
}

func (s spoiled) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return s.spoil(req, answer, int(s.n.Add(1))), nil
}

// body replaces what is sent.
func body(answer *http.Response, change func([]byte) []byte) *http.Response {
	raw, _ := io.ReadAll(answer.Body)
	raw = change(raw)
	answer.Body = io.NopCloser(bytes.NewReader(raw))
	return answer
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAFileServerThatLiesFailsAComposeAndHarmsNobody(t *testing.T) {
	index := func(entry, field int, value uint32) spoiler {
		return func(_ *http.Request, answer *http.Response, _ int) *http.Response {
			return body(answer, func(raw []byte) []byte {
				// Of the header behind the lead: 16 bytes, and then 16 for each entry.
				if at := 96 + 16 + 16*entry + 4*field; entry >= 0 && at+4 <= len(raw) {
					binary.BigEndian.PutUint32(raw[at:], value)
				} else if at := 96 + 8 + 4*field; entry < 0 && at+4 <= len(raw) {
					binary.BigEndian.PutUint32(raw[at:], value)
				}
				return raw
			})
		}
	}
	ranged := func(text string) spoiler {
		return func(_ *http.Request, answer *http.Response, _ int) *http.Response {
			answer.Header.Set("Content-Range", text)
			return answer
		}
	}
	for name, spoil := range map[string]spoiler{
		"entries":       index(-1, 0, 0xffffffff),
		"many entries":  index(-1, 0, 0x00ffffff),
		"data":          index(-1, 1, 0xffffffff),
		"much data":     index(-1, 1, 0x0fffffff),
		"offset":        index(0, 2, 0xffffffff),
		"count":         index(0, 3, 0xffffffff),
		"size 2^62":     ranged("bytes 0-100/4611686018427387904"),
		"size below 0":  ranged("bytes 0-100/-1"),
		"no size":       ranged("bytes 0-100/*"),
		"another range": ranged("bytes 7-100/200"),
		"no range":      ranged(""),
		"empty": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			return body(a, func([]byte) []byte { return nil })
		},
		"a page": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			return body(a, func([]byte) []byte { return []byte("<html>") })
		},
		"half of it": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			return body(a, func(b []byte) []byte { return b[:len(b)/2] })
		},
		"without an end": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			a.Body = io.NopCloser(endless{})
			return a
		},
		"another each time": func(_ *http.Request, a *http.Response, n int) *http.Response {
			a.Header.Set("ETag", strconv.Itoa(n))
			a.StatusCode = http.StatusOK
			return a
		},
		"grows": func(_ *http.Request, a *http.Response, n int) *http.Response {
			if text := a.Header.Get("Content-Range"); text != "" {
				a.Header.Set("Content-Range", text[:strings.IndexByte(text, '/')+1]+strconv.Itoa(100_000+n))
			}
			a.Header.Set("Content-Length", strconv.Itoa(100_000+n))
			return a
		},
		"teapot": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			a.StatusCode = http.StatusTeapot
			return a
		},
		"nowhere": func(_ *http.Request, a *http.Response, _ int) *http.Response {
			a.StatusCode = http.StatusFound
			a.Header.Set("Location", "file:///etc/passwd")
			return a
		},
		"around": func(r *http.Request, a *http.Response, _ int) *http.Response {
			a.StatusCode = http.StatusFound
			a.Header.Set("Location", r.URL.String())
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
			w.koji.Files = rpmfile.New(rpmfile.Options{
				System: "files", Pause: time.Millisecond, First: 200, HTTP: &http.Client{Transport: spoiled{spoil, new(atomic.Int64)}},
			})
			w.open(w.options)
			begun := time.Now()
			c, err := w.tried(request())
			if c.State == compose.Done || c.State == compose.Failed && c.Reason == "" {
				t.Errorf("%s, %.300q, %v", c.State, c.Reason, err)
			}
			if took := time.Since(begun); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			t.Logf("%s, %.200q, %v", c.State, c.Reason, err)
		})
	}
}
