//go:build minio

package s3_test

import (
	"os"
	"testing"

	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

// TestMinIO runs the contract against a server that is not ours. The bucket
// (DISTAFF_MINIO_BUCKET) must exist; the tests of infra/bucket make it.
func TestMinIO(t *testing.T) {
	endpoint := os.Getenv("DISTAFF_MINIO_ENDPOINT")
	if endpoint == "" {
		t.Fatal("DISTAFF_MINIO_ENDPOINT names no server, such as http://127.0.0.1:9000")
	}
	s, err := s3.Open(t.Context(), s3.Options{
		Bucket:   os.Getenv("DISTAFF_MINIO_BUCKET"),
		Endpoint: endpoint, PathStyle: true,
		AccessKey: os.Getenv("DISTAFF_MINIO_ACCESS_KEY"),
		SecretKey: os.Getenv("DISTAFF_MINIO_SECRET_KEY"),
	})
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, func(*testing.T) blobtest.Store { return s })
}
