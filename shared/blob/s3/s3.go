// Package s3 is the bucket as functions reach it: an S3-compatible server,
// through the AWS SDK.
//
// After a response that got lost the SDK repeats a PUT by itself. If the first
// attempt was stored, the repetition meets its own object and the caller is
// told blob.ErrConflict although its write is there. Only the caller can tell:
// by a nonce in the body, read back after a conflict. Package state does this;
// whoever calls Put with a condition elsewhere must too.
//
// The SDK makes up to three attempts after a 5xx or a lost connection, none
// after a 409.
package s3

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// DefaultLimit is the largest object that Get reads when Options name no
// Limit: 256 MiB.
const DefaultLimit = 256 << 20

// Options say which bucket to use, where it is, and as whom.
type Options struct {
	Bucket string
	// Endpoint is the server's address, such as "http://127.0.0.1:9000".
	// Empty means AWS.
	Endpoint string
	// Region is what requests are signed for. Empty means what the
	// environment says, and "us-east-1" if it says nothing.
	Region string
	// PathStyle puts the bucket into the path instead of the host name. Most
	// servers that are not AWS need it.
	PathStyle bool
	// AccessKey and SecretKey, with SessionToken if they are temporary. With
	// an empty AccessKey the SDK looks in the environment, the shared files
	// and the platform's identity service.
	AccessKey, SecretKey, SessionToken string
	// HTTP does the round trips. Nil means the SDK's own client.
	HTTP aws.HTTPClient
	// Limit is the largest object Get reads, in bytes. Zero means DefaultLimit.
	Limit int64
}

// Store is one bucket. It is safe for concurrent use.
type Store struct {
	client *s3.Client
	bucket string
	limit  int64
}

// Open prepares a client; it asks nothing of the server yet.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Bucket == "" {
		return nil, fmt.Errorf("open bucket at %q: it has no name", o.Endpoint)
	}
	// Not s3.New: a client built without a loaded configuration sends no
	// checksum at all. What is wanted is said anyway, because the environment
	// could say otherwise.
	load := []func(*config.LoadOptions) error{
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenSupported),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenSupported),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, o.SessionToken)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("configure bucket %s: %w", o.Bucket, err)
	}
	client := s3.NewFromConfig(cfg, func(c *s3.Options) {
		c.UsePathStyle = o.PathStyle
		if o.HTTP != nil {
			// Not part of the loaded configuration: that refuses a client it
			// cannot add the certificates of AWS_CA_BUNDLE to.
			c.HTTPClient = o.HTTP
		}
		if o.Endpoint != "" {
			c.BaseEndpoint = aws.String(o.Endpoint)
		}
		if c.Region == "" {
			c.Region = "us-east-1"
		}
		// Else each GET of an object stored without a checksum logs a line.
		c.DisableLogOutputChecksumValidationSkipped = true
	})
	limit := o.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	return &Store{client: client, bucket: o.Bucket, limit: limit}, nil
}
