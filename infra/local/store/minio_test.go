package store_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
)

// minioClient is the second, independent client. With trailing it signs every
// chunk and appends checksums; its default over HTTP does only the former.
func minioClient(t testing.TB, endpoint string, trailing bool) *minio.Client {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(testCredentials().AccessKey, testCredentials().SecretKey, ""), TrailingHeaders: trailing,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

func forBoth(t *testing.T, run func(t *testing.T, dir string)) {
	t.Run("directory", func(t *testing.T) { run(t, t.TempDir()) })
	t.Run("memory", func(t *testing.T) { run(t, "") })
}

func TestBothClientsReadWhatTheOtherWrote(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		_, endpoint := serve(t, dir, store.Options{})
		aws := client(t, endpoint)
		for _, trailing := range []bool{false, true} {
			mc := minioClient(t, endpoint, trailing)
			for _, size := range []int{0, 1, 65535, 65536, 65537, 300 << 10, 17 << 20} {
				key, body := fmt.Sprintf("m/%t/%d", trailing, size), noise(size)
				_, err := mc.PutObject(t.Context(), "test", key, bytes.NewReader(body), int64(size),
					minio.PutObjectOptions{ContentType: "text/plain"})
				if err != nil {
					t.Fatalf("minio-go put %s: %v", key, err)
				}
				o, err := aws.Get(t.Context(), key)
				if err != nil || !bytes.Equal(o.Body, body) || o.Type != "text/plain" {
					t.Errorf("AWS SDK got %d bytes of %s, %s, error %v", len(o.Body), key, o.Type, err)
				}
				if _, err := aws.Put(t.Context(), key, append(body, 'x'), blob.Match(o.Tag)); err != nil {
					t.Fatal(err)
				}
				if got := minioGet(t, mc, key); !bytes.Equal(got, append(body, 'x')) {
					t.Errorf("minio-go got %d bytes of %s", len(got), key)
				}
			}
		}
	})
}

func minioGet(t *testing.T, mc *minio.Client, key string) []byte {
	t.Helper()
	o, err := mc.GetObject(t.Context(), "test", key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEveryChecksumIsVerifiedAlsoInParts(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		_, endpoint := serve(t, dir, store.Options{})
		mc := minioClient(t, endpoint, true)
		for _, sum := range []minio.ChecksumType{
			minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumCRC64NVME, minio.ChecksumSHA1, minio.ChecksumSHA256,
			minio.ChecksumFullObjectCRC32, minio.ChecksumFullObjectCRC32C,
		} {
			for _, size := range []int{100, 11 << 20} {
				key, body := fmt.Sprintf("%s-%d", sum, size), noise(size)
				opts := minio.PutObjectOptions{Checksum: sum, PartSize: 5 << 20}
				if _, err := mc.PutObject(t.Context(), "test", key, bytes.NewReader(body), int64(size), opts); err != nil {
					t.Errorf("%s: %v", key, err)
				} else if got := minioGet(t, mc, key); !bytes.Equal(got, body) {
					t.Errorf("%s: got %d bytes", key, len(got))
				}
			}
		}
	})
}

func TestFoldersAreListedByDelimiter(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		_, endpoint := serve(t, dir, store.Options{})
		core := minio.Core{Client: minioClient(t, endpoint, false)}
		for _, key := range []string{"p", "p/a", "p/b/c", "p/b/d", "p/b.x", "p+q", "q/1/2/3", "~z"} {
			if _, err := core.Client.PutObject(t.Context(), "test", key, strings.NewReader(key), int64(len(key)), minio.PutObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			prefix string
			page   int
			want   []string
		}{
			{"", 1000, []string{"p", "p+q", "~z", "p/", "q/"}},
			{"", 1, []string{"p", "p+q", "~z", "p/", "q/"}},
			{"p/", 2, []string{"p/a", "p/b.x", "p/b/"}},
			{"p/b", 1, []string{"p/b.x", "p/b/"}},
			{"../", 10, nil},
		} {
			var keys, folders []string
			token := ""
			for {
				res, err := core.ListObjectsV2("test", test.prefix, "", token, "/", test.page)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range res.Contents {
					keys = append(keys, o.Key)
				}
				for _, p := range res.CommonPrefixes {
					folders = append(folders, p.Prefix)
				}
				if token = res.NextContinuationToken; !res.IsTruncated {
					break
				}
			}
			if diff := cmp.Diff(test.want, append(keys, folders...)); diff != "" {
				t.Errorf("below %q by %d: %s", test.prefix, test.page, diff)
			}
		}
	})
}

func TestManyObjectsAreDeletedAtOnce(t *testing.T) {
	s, endpoint := serve(t, t.TempDir(), store.Options{})
	b, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	doomed := make(chan minio.ObjectInfo, 20)
	for i := range 20 {
		key := fmt.Sprintf("d/%02d", i)
		if _, err := b.Put(t.Context(), key, nil, blob.Absent); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			doomed <- minio.ObjectInfo{Key: key}
		}
	}
	doomed <- minio.ObjectInfo{Key: "d/never-there"}
	close(doomed)
	for e := range minioClient(t, endpoint, false).RemoveObjects(t.Context(), "test", doomed, minio.RemoveObjectsOptions{}) {
		t.Error(e)
	}
	left, err := b.List(t.Context(), "d/", "", 0)
	if err != nil || len(left) != 10 || left[0].Key != "d/01" {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestASignedAddressWorksUntilItExpires(t *testing.T) {
	now := time.Now()
	_, endpoint := serve(t, t.TempDir(), store.Options{Now: func() time.Time { return now }})
	mc := minioClient(t, endpoint, false)
	upload, err := mc.PresignHeader(t.Context(), http.MethodPut, "test", "log/1", time.Hour, nil, http.Header{"If-None-Match": {"*"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{http.StatusOK, http.StatusPreconditionFailed} {
		if got := send(t, http.MethodPut, upload.String(), "<b>log</b>", http.Header{"If-None-Match": {"*"}}); got.status != want {
			t.Errorf("put: %+v, want %d", got, want)
		}
	}
	read, err := mc.PresignedGetObject(t.Context(), "test", "log/1", time.Minute, url.Values{
		"response-content-type": {"text/plain; charset=utf-8"}, "response-content-disposition": {"inline"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := send(t, http.MethodGet, read.String(), "", nil)
	if got.status != 200 || got.body != "<b>log</b>" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %+v", got)
	}
	for what, address := range map[string]string{
		"another type":      strings.Replace(read.String(), "text%2Fplain", "text%2Fhtml", 1),
		"another key":       strings.Replace(read.String(), "log/1", "log/2", 1),
		"a longer validity": strings.Replace(read.String(), "Expires=60", "Expires=600", 1),
	} {
		if got := send(t, http.MethodGet, address, "", nil); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	now = now.Add(2 * time.Minute)
	if got := send(t, http.MethodGet, read.String(), "", nil); got.status != http.StatusForbidden || !strings.Contains(got.body, "expired") {
		t.Errorf("after its time: %+v", got)
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, method, address, body string, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}
