// Package bucket makes the bucket that distaff keeps everything in, sets how
// long what is in it stays, and finds out whether it keeps its promises.
package bucket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Credentials is who makes the bucket. With an empty AccessKey the
// environment and the platform's identity service are asked.
type Credentials struct {
	AccessKey, SecretKey, SessionToken string
}

// Place says where the bucket is.
type Place struct {
	// Endpoint is the server's address, such as "https://s3.amazonaws.com".
	Endpoint string
	// Region is where a new bucket is made. Empty means the server's default.
	Region string
	// HTTP carries the requests. Nil means minio-go's own transport.
	HTTP http.RoundTripper
}

// Init makes a bucket if it does not exist, and replaces its lifecycle rules
// by these and, where the server knows it, one that ends abandoned uploads. It
// may be run again.
func Init(ctx context.Context, at Place, who Credentials, name string, rules []Rule) error {
	cfg, err := configuration(rules)
	if err != nil {
		return fmt.Errorf("set up bucket %s: %w", name, err)
	}
	client, err := connect(at, who)
	if err != nil {
		return fmt.Errorf("set up bucket %s: %w", name, err)
	}
	exists, err := client.BucketExists(ctx, name)
	if err != nil {
		return fmt.Errorf("look for bucket %s: %w", name, err)
	}
	if !exists {
		err := client.MakeBucket(ctx, name, minio.MakeBucketOptions{Region: at.Region})
		// Somebody may have made it since.
		if err != nil && minio.ToErrorResponse(err).Code != "BucketAlreadyOwnedByYou" {
			return fmt.Errorf("make bucket %s: %w", name, err)
		}
	}
	err = client.SetBucketLifecycle(ctx, name, cfg)
	if status := minio.ToErrorResponse(err).StatusCode; status == http.StatusBadRequest || status == http.StatusNotImplemented {
		// MinIO does not know the rule for abandoned uploads; it ends them by
		// itself after a day (and answers 400 InvalidRequest). The other rules must be taken by any server.
		cfg.Rules = cfg.Rules[1:]
		if len(cfg.Rules) == 0 {
			return nil
		}
		err = client.SetBucketLifecycle(ctx, name, cfg)
	}
	if err != nil {
		return fmt.Errorf("set lifecycle of bucket %s: %w", name, err)
	}
	return nil
}

func connect(at Place, who Credentials) (*minio.Client, error) {
	u, err := url.Parse(at.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" || u.User != nil {
		return nil, fmt.Errorf("endpoint is not an address like https://host:port")
	}
	creds := credentials.NewStaticV4(who.AccessKey, who.SecretKey, who.SessionToken)
	if who.AccessKey == "" {
		creds = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	return minio.New(u.Host, &minio.Options{
		Creds: creds, Secure: u.Scheme == "https", Region: at.Region, Transport: at.HTTP,
	})
}
