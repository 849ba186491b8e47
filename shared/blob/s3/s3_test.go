package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

// open gives a store whose server answers as told. The contract itself is run
// against the embedded server (infra/local/store) and MinIO (build tag minio).
func open(t *testing.T, answer http.HandlerFunc) *s3.Store {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	s, err := s3.Open(t.Context(), s3.Options{
		Bucket: "b", Endpoint: server.URL, Region: "us-east-1", PathStyle: true,
		AccessKey: "key", SecretKey: "very-secret", Limit: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
	}
}

func TestRefusalsInBlobsWords(t *testing.T) {
	for _, test := range []struct {
		status int
		code   string
		cond   blob.Cond
		get    error // nil: none of blob's
		put    error
	}{
		{412, "PreconditionFailed", blob.Absent, nil, blob.ErrConflict},
		{409, "ConditionalRequestConflict", blob.Absent, nil, blob.ErrConflict},
		{404, "NoSuchKey", blob.Match(`"x"`), blob.ErrNotFound, blob.ErrConflict},
		{404, "NoSuchBucket", blob.Match(`"x"`), nil, nil},
		{404, "", blob.Any, nil, nil},
		{416, "InvalidRange", blob.Any, blob.ErrRange, nil},
		{403, "AccessDenied", blob.Any, nil, nil},
		{400, "InvalidRequest", blob.Absent, nil, nil},
	} {
		t.Run(fmt.Sprint(test.status, test.code), func(t *testing.T) {
			s := open(t, refuse(test.status, test.code))
			_, getErr := s.Get(t.Context(), "k")
			_, putErr := s.Put(t.Context(), "k", []byte("x"), test.cond)
			check(t, "get", getErr, test.get)
			check(t, "put", putErr, test.put)
		})
	}
}

func check(t *testing.T, verb string, got, want error) {
	t.Helper()
	if got == nil || !strings.Contains(got.Error(), verb+" k: ") || strings.Contains(got.Error(), "very-secret") {
		t.Errorf("%s: %v", verb, got)
	}
	for _, word := range []error{blob.ErrNotFound, blob.ErrConflict, blob.ErrRange} {
		if errors.Is(got, word) != (word == want) { //nolint:errorlint // which of the three is the question
			t.Errorf("%s: %v, want %v", verb, got, want)
		}
	}
}

func TestDeniedReadIsExplained(t *testing.T) {
	_, err := open(t, refuse(403, "AccessDenied")).Get(t.Context(), "k")
	if err == nil || !strings.Contains(err.Error(), "s3:ListBucket") {
		t.Errorf("got %v", err)
	}
	_, err = open(t, refuse(403, "InvalidAccessKeyId")).Get(t.Context(), "k")
	if err == nil || !strings.Contains(err.Error(), "get k: the bucket denies it: InvalidAccessKeyId") || strings.Contains(err.Error(), "RequestID") {
		t.Errorf("got %v", err)
	}
}

func TestConflictIsNotRepeatedAndAnEmptyMatchNotSent(t *testing.T) {
	asked := 0
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		refuse(409, "ConditionalRequestConflict")(w, r)
	})
	if _, err := s.Put(t.Context(), "k", nil, blob.Match("")); !errors.Is(err, blob.ErrConflict) || asked != 0 {
		t.Errorf("empty tag: %v after %d requests, want a conflict without asking", err, asked)
	}
	if _, err := s.Put(t.Context(), "k", nil, blob.Absent); !errors.Is(err, blob.ErrConflict) || asked != 1 {
		t.Errorf("409: %v after %d requests, want a conflict after one", err, asked)
	}
}

func TestRequestCarriesConditionTypeAndChecksum(t *testing.T) {
	var got http.Header
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("ETag", `"tag-1"`)
	})
	tag, err := s.Put(t.Context(), "k", []byte("x"), blob.Match(`"old"`), blob.Type("text/html"), blob.CacheControl("no-cache"))
	if err != nil || tag != `"tag-1"` {
		t.Fatalf("tag %s, error %v", tag, err)
	}
	for name, want := range map[string]string{
		"If-Match": `"old"`, "If-None-Match": "", "Content-Type": "text/html",
		"Cache-Control": "no-cache", "X-Amz-Checksum-Crc32": "jNwWgw==",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestTooLargeABodyIsNotRead(t *testing.T) {
	for _, announced := range []bool{true, false} {
		s := open(t, func(w http.ResponseWriter, _ *http.Request) {
			if !announced {
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
			}
			_, _ = w.Write(make([]byte, 101))
		})
		if o, err := s.Get(t.Context(), "k"); err == nil {
			t.Errorf("announced %t: read %d bytes", announced, len(o.Body))
		}
	}
}

func TestShortPagesAreJoined(t *testing.T) {
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		key, more := "a", "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
		if r.URL.Query().Get("continuation-token") == "t" {
			key, more = "b", "<IsTruncated>false</IsTruncated>"
		}
		fmt.Fprintf(w, `<ListBucketResult>%s<Contents><Key>%s</Key><Size>1</Size></Contents></ListBucketResult>`, more, key)
	})
	infos, err := s.List(t.Context(), "", "", 10)
	if err != nil || len(infos) != 2 || infos[0].Key != "a" || infos[1].Key != "b" {
		t.Errorf("got %v, %v", infos, err)
	}
}

func TestBucketNeedsAName(t *testing.T) {
	if _, err := s3.Open(t.Context(), s3.Options{}); err == nil {
		t.Error("a bucket without a name was opened")
	}
}
