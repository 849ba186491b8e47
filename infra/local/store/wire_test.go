package store_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
)

// signed sends a request signed as told, after spoil had its way with it.
func signed(t *testing.T, method, address, body string, header http.Header, spoil func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	for name, values := range header {
		req.Header[name] = values
	}
	req = signer.SignV4(*req, testCredentials().AccessKey, testCredentials().SecretKey, "", store.DefaultRegion)
	if spoil != nil {
		spoil(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var raw strings.Builder
	if err := resp.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, raw.String()}
}

func TestOnlyTheSignerIsServed(t *testing.T) {
	_, endpoint := serve(t, t.TempDir(), store.Options{})
	key := endpoint + "/test/a"
	if got := signed(t, "PUT", key, "body", nil, nil); got.status != 200 {
		t.Fatalf("a good request: %+v", got)
	}
	for fact, test := range map[string]struct {
		code  string
		spoil func(*http.Request)
	}{
		"no signature":        {"AccessDenied", func(r *http.Request) { r.Header.Del("Authorization") }},
		"another method":      {"SignatureDoesNotMatch", func(r *http.Request) { r.Method = "PUT" }},
		"another key":         {"SignatureDoesNotMatch", func(r *http.Request) { r.URL.Path = "/test/b" }},
		"another query":       {"SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "uploads=" }},
		"another host":        {"SignatureDoesNotMatch", func(r *http.Request) { r.Host = "elsewhere" }},
		"an unsigned command": {"AccessDenied", func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }},
		"half a header":       {"AuthorizationHeaderMalformed", func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }},
		"another scheme":      {"AuthorizationHeaderMalformed", func(r *http.Request) { r.Header.Set("Authorization", "Basic eDp5") }},
		"another user": {"InvalidAccessKeyId", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "=local/", "=other/", 1))
		}},
		"another region": {"AuthorizationHeaderMalformed", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "us-east-1", "eu-west-1", 1))
		}},
		"another date": {"AuthorizationHeaderMalformed", func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().Add(48*time.Hour).UTC().Format("20060102T150405Z"))
		}},
	} {
		if got := signed(t, "GET", key, "", nil, test.spoil); !strings.Contains(got.body, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: %s, want %s", fact, got.body, test.code)
		}
	}
}

func TestAnOldRequestIsRefused(t *testing.T) {
	_, endpoint := serve(t, t.TempDir(), store.Options{Now: func() time.Time { return time.Now().Add(16 * time.Minute) }})
	if got := signed(t, "GET", endpoint+"/test/a", "", nil, nil); !strings.Contains(got.body, "RequestTimeTooSkewed") {
		t.Error(got.body)
	}
}

func TestABodyThatIsNotTheSignedOneIsNotStored(t *testing.T) {
	s, endpoint := serve(t, t.TempDir(), store.Options{})
	for fact, test := range map[string]struct {
		code   string
		header http.Header
	}{
		"another SHA-256":  {"XAmzContentSHA256Mismatch", http.Header{"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}}},
		"no SHA-256":       {"NotImplemented", http.Header{"X-Amz-Content-Sha256": {"whatever"}}},
		"another CRC32":    {"BadDigest", http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}},
		"another MD5":      {"BadDigest", http.Header{"Content-Md5": {"AAAAAAAAAAAAAAAAAAAAAA=="}}},
		"unknown sum":      {"NotImplemented", http.Header{"X-Amz-Checksum-Xxh3": {"AAAAAA=="}}},
		"no framing":       {"InvalidChunk", http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}}},
		"unsigned framing": {"InvalidChunk", http.Header{"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}}},
	} {
		if got := signed(t, "PUT", endpoint+"/test/a", "a body\r\n", test.header, nil); !strings.Contains(got.body, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: %s, want %s", fact, got.body, test.code)
		}
	}
	b, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	if infos, err := b.List(t.Context(), "", "", 0); err != nil || len(infos) > 0 {
		t.Errorf("stored: %v, %v", infos, err)
	}
}

func TestWhatIsNotKnownIsRefusedByName(t *testing.T) {
	_, endpoint := serve(t, t.TempDir(), store.Options{})
	if got := signed(t, "PUT", endpoint+"/test/a", "kept", nil, nil); got.status != 200 {
		t.Fatal(got.body)
	}
	for _, test := range []struct {
		method, path string
		header       http.Header
	}{
		{"PUT", "/test/a?acl", nil},
		{"PUT", "/test/a?tagging", nil},
		{"PUT", "/test?versioning", nil},
		{"PUT", "/test?policy", nil},
		{"GET", "/test/a?versionId=1", nil},
		{"DELETE", "/test", nil},
		{"GET", "/test", nil},
		{"PUT", "/test/a", http.Header{"X-Amz-Copy-Source": {"/test/b"}}},
		{"PUT", "/test/a", http.Header{"X-Amz-Meta-Owner": {"me"}}},
		{"PUT", "/test/a", http.Header{"X-Amz-Server-Side-Encryption": {"AES256"}}},
		{"PUT", "/test/a", http.Header{"If-None-Match": {`"x"`}}},
		{"PUT", "/test/a", http.Header{"If-Match": {"*"}}},
		{"DELETE", "/test/a", http.Header{"If-Match": {`"x"`}}},
		{"GET", "/test/a", http.Header{"Range": {"bytes=0-0,2-3"}}},
	} {
		got := signed(t, test.method, endpoint+test.path, "", test.header, nil)
		if got.status != http.StatusNotImplemented || !strings.Contains(got.body, "<Code>NotImplemented</Code>") {
			t.Errorf("%s %s %v: %d", test.method, test.path, test.header, got.status)
		}
	}
	if got := signed(t, "GET", endpoint+"/test/a", "", nil, nil); !strings.HasSuffix(got.body, "\r\n\r\nkept") {
		t.Errorf("the object is now %s", got.body)
	}
}

func TestKeysThatMeanDirectoriesAreRefused(t *testing.T) {
	_, endpoint := serve(t, t.TempDir(), store.Options{Public: []string{"test/pub/"}})
	for _, path := range []string{"/test/pub/../secret", "/test/pub/%2e%2e/secret", "/test/pub//x", "/test/a%00", "/test/pub/..%2fsecret", "/test/a@"} {
		u, err := url.Parse(endpoint + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := signed(t, "GET", u.String(), "", nil, nil); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestPublicPagesOpenInABrowser(t *testing.T) {
	s, endpoint := serve(t, t.TempDir(), store.Options{Public: []string{"test/pages/"}})
	b, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	page := blob.Type("text/html; charset=utf-8")
	for _, key := range []string{"pages/1.html", "private"} {
		if _, err := b.Put(t.Context(), key, []byte("<h1>ok"), blob.Any, page, blob.CacheControl("no-cache")); err != nil {
			t.Fatal(err)
		}
	}
	got := send(t, "GET", endpoint+"/test/pages/1.html", "", nil)
	want := map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	}
	have := map[string]string{}
	for name := range want {
		have[name] = got.header.Get(name)
	}
	if diff := cmp.Diff(want, have); diff != "" || got.body != "<h1>ok" || !strings.HasPrefix(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s\n%+v", diff, got)
	}
	if again := send(t, "GET", endpoint+"/test/pages/1.html", "", http.Header{"If-None-Match": {got.header.Get("ETag")}}); again.status != http.StatusNotModified {
		t.Errorf("unchanged: %d", again.status)
	}
	for path, status := range map[string]int{
		"/test/pages/1.html?response-content-type=text/plain": 403,
		"/test/pages/none":                   404,
		"/test/private":                      403,
		"/test/pages":                        403,
		"/test/?list-type=2&prefix=pages/":   403,
		"/test?list-type=2":                  403,
		"/":                                  403,
		"/test/pages/1.html?X-Amz-Expires=1": 403,
	} {
		if got := send(t, "GET", endpoint+path, "", nil); got.status != status {
			t.Errorf("GET %s: %d, want %d", path, got.status, status)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "POST"} {
		if got := send(t, method, endpoint+"/test/pages/1.html", "x", nil); got.status != 403 {
			t.Errorf("%s: %d", method, got.status)
		}
	}
}

func TestAServerWithoutCredentialsServesNobody(t *testing.T) {
	s, err := store.Open("", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, auth := range []string{"", "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0"} {
		rec := serveOne(t, s, auth)
		if rec != http.StatusForbidden && rec != http.StatusBadRequest {
			t.Errorf("%q: %d", auth, rec)
		}
	}
}

func serveOne(t *testing.T, s *store.Server, authorization string) int {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/test/a", nil)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	return rec.Code
}
