//go:build minio

package s3_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

// TestMinIO runs the contract against a server that is not ours.
func TestMinIO(t *testing.T) {
	const bucket = "distaff-contract"
	endpoint := os.Getenv("DISTAFF_MINIO_ENDPOINT")
	if endpoint == "" {
		t.Fatal("DISTAFF_MINIO_ENDPOINT names no server, such as http://127.0.0.1:9000")
	}
	key, secret := os.Getenv("DISTAFF_MINIO_ACCESS_KEY"), os.Getenv("DISTAFF_MINIO_SECRET_KEY")
	client := aws3.New(aws3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	})
	_, err := client.CreateBucket(t.Context(), &aws3.CreateBucketInput{Bucket: aws.String(bucket)})
	t.Logf("make bucket: %v", err) // it may be there from an earlier run

	s, err := s3.Open(t.Context(), s3.Options{
		Bucket: bucket, Endpoint: endpoint, PathStyle: true, AccessKey: key, SecretKey: secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, func(*testing.T) blobtest.Store { return s })
}
