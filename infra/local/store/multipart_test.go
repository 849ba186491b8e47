package store_test

import (
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/distaff-project/distaff/infra/local/store"
)

func TestAnUploadInPartsObeysItsCondition(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		_, endpoint := serve(t, dir, store.Options{})
		mc := minioClient(t, endpoint, false)
		core := minio.Core{Client: mc}
		if _, err := mc.PutObject(t.Context(), "test", "there", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{"there": "PreconditionFailed", "new": ""} {
			id, err := core.NewMultipartUpload(t.Context(), "test", key, minio.PutObjectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := core.PutObjectPart(t.Context(), "test", key, id, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
			if err != nil {
				t.Fatal(err)
			}
			opts := minio.PutObjectOptions{}
			opts.SetMatchETagExcept("*")
			_, err = core.CompleteMultipartUpload(t.Context(), "test", key, id, []minio.CompletePart{{PartNumber: 1, ETag: p.ETag}}, opts)
			if got := minio.ToErrorResponse(err).Code; got != want {
				t.Errorf("complete %s: %v, want %q", key, err, want)
			}
			err = core.AbortMultipartUpload(t.Context(), "test", key, id)
			if ended := minio.ToErrorResponse(err).Code == "NoSuchUpload"; ended != (want == "") {
				t.Errorf("abort %s after completion: %v", key, err)
			}
		}
	})
}

func TestPartsAreCheckedAtCompletion(t *testing.T) {
	_, endpoint := serve(t, t.TempDir(), store.Options{})
	core := minio.Core{Client: minioClient(t, endpoint, false)}
	id, err := core.NewMultipartUpload(t.Context(), "test", "k", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []minio.CompletePart
	for n := 1; n <= 2; n++ {
		p, err := core.PutObjectPart(t.Context(), "test", "k", id, n, strings.NewReader("tiny"), 4, minio.PutObjectPartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: n, ETag: p.ETag})
	}
	for want, named := range map[string][]minio.CompletePart{
		"EntityTooSmall":   parts,
		"InvalidPartOrder": {parts[0], parts[0]},
		"InvalidPart":      {{PartNumber: 1, ETag: "00"}},
	} {
		_, err := core.CompleteMultipartUpload(t.Context(), "test", "k", id, named, minio.PutObjectOptions{})
		if got := minio.ToErrorResponse(err).Code; got != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err = core.PutObjectPart(t.Context(), "test", "other", id, 1, strings.NewReader("x"), 1, minio.PutObjectPartOptions{})
	if got := minio.ToErrorResponse(err).Code; got != "NoSuchUpload" {
		t.Errorf("a part for another key: %v", err)
	}
}
