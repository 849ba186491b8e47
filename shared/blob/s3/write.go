package s3

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/distaff-project/distaff/shared/blob"
)

// Put stores body at key if cond holds. A conflict may be about the caller's
// own write: see the package comment.
func (s *Store) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if err := blob.CheckKey(key); err != nil {
		return "", fmt.Errorf("put: %w", err)
	}
	set := blob.Settings(opts)
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body), ContentType: &set.Type,
	}
	if set.CacheControl != "" {
		in.CacheControl = &set.CacheControl
	}
	tag, matches := cond.Tag()
	switch {
	case matches && tag == "":
		// The SDK would leave an empty header out: an unconditional write.
		return "", fmt.Errorf("put %s: %w", key, blob.ErrConflict)
	case matches:
		in.IfMatch = aws.String(string(tag))
	case cond == blob.Absent:
		in.IfNoneMatch = aws.String("*")
	}
	out, err := s.client.PutObject(ctx, in)
	if err != nil {
		return "", fmt.Errorf("put %s: %w", key, writeError(err))
	}
	return blob.Tag(aws.ToString(out.ETag)), nil
}

// Delete removes the object at key, if there is one.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	if status, code := answer(err); err != nil && (status != http.StatusNotFound || code != noKey) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}
