package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/distaff-project/distaff/shared/blob"
)

// FuzzChunked: no input makes the decoder panic or hand out more than came in,
// and what it accepts without signatures it decodes to the framed bytes.
func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"3\r\nabc\r\n0\r\n\r\n",
		"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
		"3\r\nabc\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\n\r\n\r\n",
		"0\r\n\r\n", "ffffffffffffffff\r\n", "-1\r\n", "3;chunk-signature=0\r\nabc\r\n0;chunk-signature=0\r\n\r\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, wire []byte, signed bool) {
		var sig *signature
		if signed {
			sig = &signature{signature: "seed", key: []byte("key"), time: "20260101T000000Z", date: "20260101", region: "r"}
		}
		c := newChunked(bytes.NewReader(wire), sig, true)
		body, err := io.ReadAll(c)
		if len(body) > len(wire) {
			t.Fatalf("%d bytes out of %d", len(body), len(wire))
		}
		if signed && err == nil {
			t.Fatalf("accepted %q, which nobody signed", wire)
		}
		if err == nil && len(body) > 0 && !bytes.Contains(wire, body[:1]) {
			t.Fatalf("%q decoded to %q", wire, body)
		}
	})
}

// FuzzAuthenticate: only what the key signed is let in.
func FuzzAuthenticate(f *testing.F) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := Open("", Options{Credentials: Credentials{"key", "secret"}, Now: func() time.Time { return now }})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=00", "", "20260101T000000Z")
	f.Add("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=key%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "")
	f.Add("AWS4-HMAC-SHA256 ,,=,", "X-Amz-Signature", "x")
	f.Fuzz(func(t *testing.T, authorization, query, date string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/b/k", nil)
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{authorization}
		r.Header["X-Amz-Date"] = []string{date}
		r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"}
		if sig, err := s.authenticate(r, r.URL.Query()); err == nil && sig != nil {
			t.Fatalf("let in %q %q %q", authorization, query, date)
		}
	})
}

// FuzzDeletion: what is accepted names 1 to 1000 keys and no version.
func FuzzDeletion(f *testing.F) {
	f.Add([]byte(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>`))
	f.Add([]byte(`<Delete><Object><Key>a</Key><VersionId>1</VersionId></Object></Delete>`))
	f.Add([]byte(`<Delete><Object/></Delete>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d deletion
		if parseXML(raw, &d) != nil || d.check() != nil {
			return
		}
		if n := len(d.Objects); n < 1 || n > blob.ListMax {
			t.Fatalf("%d objects", n)
		}
	})
}

// FuzzLifecycle: rules that are accepted come back the same.
func FuzzLifecycle(f *testing.F) {
	f.Add([]byte(`<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>p/</Prefix></Filter><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>`))
	f.Add([]byte(`<LifecycleConfiguration><Rule><Status>Disabled</Status><Prefix>p</Prefix><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>`))
	f.Add([]byte(`<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag/></Filter><Expiration><Date>2026</Date></Expiration></Rule></LifecycleConfiguration>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rules, err := parseLifecycle(raw)
		if err != nil {
			return
		}
		again, err := xml.Marshal(formatLifecycle(rules))
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseLifecycle(again)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(rules) {
			t.Fatalf("%s became %v, then %v: %v", raw, rules, back, err)
		}
	})
}

// TestEveryByteOfASignedStreamCounts changes each byte of a body that minio-go
// framed and signed, one at a time.
func TestEveryByteOfASignedStreamCounts(t *testing.T) {
	now := time.Now().UTC()
	s, err := Open("", Options{Credentials: Credentials{"key", "secret"}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bucket("test"); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/test/a", strings.NewReader("hello"))
	req.Trailer = http.Header{"X-Amz-Checksum-Crc32": {"NhCmhg=="}}
	req = signer.StreamingSignV4(req, "key", "secret", "", DefaultRegion, 5, now, plainSHA256())
	framed, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	put := func(body []byte) int {
		r := req.Clone(t.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		return rec.Code
	}
	if code := put(framed); code != http.StatusOK {
		t.Fatalf("the stream itself: %d, %q", code, framed)
	}
	for i := range framed {
		bad := bytes.Clone(framed)
		bad[i] ^= 1
		if code := put(bad); code == http.StatusOK && !harmless(framed, i) {
			t.Errorf("byte %d of %q was changed: accepted", i, framed)
		}
		if code := put(framed[:i]); code == http.StatusOK && i < len(framed)-4 {
			t.Errorf("%q was cut at %d: accepted", framed, i)
		}
	}
}

// harmless tells bytes whose exact value no signature covers: line ends.
func harmless(framed []byte, at int) bool { return framed[at] == '\r' || framed[at] == '\n' }

type hasher struct{ hash.Hash }

func (hasher) Close() {}

func plainSHA256() hasher { return hasher{sha256.New()} }
