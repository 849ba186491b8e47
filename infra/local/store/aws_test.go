package store_test

import (
	"bytes"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob/blobtest"
	"github.com/distaff-project/distaff/shared/blob/s3"
)

func serveTLS(t *testing.T, dir string) *httptest.Server {
	t.Helper()
	s, err := store.Open(dir, store.Options{Credentials: testCredentials()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bucket("test"); err != nil {
		t.Fatal(err)
	}
	h := httptest.NewTLSServer(s)
	t.Cleanup(func() {
		h.Close()
		_ = s.Close()
	})
	return h
}

// TestContractOverTLS has the AWS SDK send its checksums behind the body, in
// unsigned chunks, as it does over TLS only.
func TestContractOverTLS(t *testing.T) {
	h := serveTLS(t, "")
	c, err := s3.Open(t.Context(), s3.Options{
		Bucket: "test", Endpoint: h.URL, Region: store.DefaultRegion, PathStyle: true,
		AccessKey: testCredentials().AccessKey, SecretKey: testCredentials().SecretKey, HTTP: h.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, func(*testing.T) blobtest.Store { return c })
}

func TestTheAWSSDKUploadsInParts(t *testing.T) {
	forBoth(t, func(t *testing.T, dir string) {
		h := serveTLS(t, dir)
		c := aws3.New(aws3.Options{
			BaseEndpoint: &h.URL, UsePathStyle: true, Region: store.DefaultRegion, HTTPClient: h.Client(),
			Credentials:                credentials.NewStaticCredentialsProvider(testCredentials().AccessKey, testCredentials().SecretKey, ""),
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		})
		ctx, bucket, key, body := t.Context(), aws.String("test"), aws.String("parts"), noise(7<<20)
		begun, err := c.CreateMultipartUpload(ctx, &aws3.CreateMultipartUploadInput{
			Bucket: bucket, Key: key, ContentType: aws.String("text/x"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		})
		if err != nil {
			t.Fatal(err)
		}
		var done []types.CompletedPart
		for i, piece := range [][]byte{body[:5<<20], body[5<<20:]} {
			n := aws.Int32(int32(i + 1))
			p, err := c.UploadPart(ctx, &aws3.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: n, Body: bytes.NewReader(piece),
				ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			})
			if err != nil {
				t.Fatal(err)
			}
			if aws.ToString(p.ChecksumCRC32) == "" {
				t.Error("a part's checksum is not given back")
			}
			done = append(done, types.CompletedPart{PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
		}
		complete := func(parts []types.CompletedPart) error {
			_, err := c.CompleteMultipartUpload(ctx, &aws3.CompleteMultipartUploadInput{
				Bucket: bucket, Key: key, UploadId: begun.UploadId, IfNoneMatch: aws.String("*"),
				MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
			})
			return err
		}
		swapped := []types.CompletedPart{done[0], done[1]}
		swapped[0].ChecksumCRC32 = done[1].ChecksumCRC32
		if err := complete(swapped); err == nil {
			t.Error("a part's wrong checksum passed")
		}
		if err := complete(done); err != nil {
			t.Fatal(err)
		}
		out, err := c.GetObject(ctx, &aws3.GetObjectInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Body.Close()
		var got bytes.Buffer
		if _, err := got.ReadFrom(out.Body); err != nil || !bytes.Equal(got.Bytes(), body) || aws.ToString(out.ContentType) != "text/x" {
			t.Errorf("got %d bytes, %v", got.Len(), err)
		}
	})
}
