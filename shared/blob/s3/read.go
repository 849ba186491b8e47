package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/distaff-project/distaff/shared/blob"
)

// Get gives the object at key.
func (s *Store) Get(ctx context.Context, key string) (blob.Object, error) {
	return s.get(ctx, key, nil)
}

// GetRange gives at most length bytes of the object at key, from offset on.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error) {
	// The object's size is not known here; one past offset will do.
	if err := blob.CheckRange(offset, length, offset+1); err != nil {
		return blob.Object{}, fmt.Errorf("get %d bytes from %d of %s: %w", length, offset, key, err)
	}
	return s.get(ctx, key, aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)))
}

func (s *Store) get(ctx context.Context, key string, part *string) (blob.Object, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Object{}, fmt.Errorf("get: %w", err)
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, Range: part})
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %s: %w", key, readError(err))
	}
	defer func() { _ = out.Body.Close() }()
	body, err := s.read(out)
	if err != nil {
		return blob.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return blob.Object{
		Key: key, Body: body,
		Tag:      blob.Tag(aws.ToString(out.ETag)),
		Type:     aws.ToString(out.ContentType),
		Modified: aws.ToTime(out.LastModified),
	}, nil
}

// read takes the whole body, in one allocation where its length is announced.
func (s *Store) read(out *s3.GetObjectOutput) ([]byte, error) {
	size := aws.ToInt64(out.ContentLength)
	if size > s.limit {
		return nil, fmt.Errorf("%d bytes are more than the limit of %d", size, s.limit)
	}
	buf := bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(out.Body, s.limit+1))
	if err != nil {
		return nil, err
	}
	if n > s.limit {
		return nil, fmt.Errorf("more than the limit of %d bytes", s.limit)
	}
	return buf.Bytes(), nil
}

// List gives up to limit objects whose keys begin with prefix and sort after
// after. A limit that is not between 1 and blob.ListMax means blob.ListMax.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if limit < 1 || limit > blob.ListMax {
		limit = blob.ListMax
	}
	var infos []blob.Info
	var next *string
	for {
		in := &s3.ListObjectsV2Input{
			Bucket: &s.bucket, Prefix: &prefix, ContinuationToken: next,
			MaxKeys: aws.Int32(int32(limit - len(infos))), //nolint:gosec // at most 1000
		}
		if after != "" && next == nil {
			in.StartAfter = &after
		}
		out, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, readError(err))
		}
		for _, o := range out.Contents {
			infos = append(infos, blob.Info{
				Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size),
				Tag: blob.Tag(aws.ToString(o.ETag)), Modified: aws.ToTime(o.LastModified),
			})
		}
		// A page may hold fewer entries than were asked for, and more follow.
		if next = out.NextContinuationToken; next == nil || !aws.ToBool(out.IsTruncated) || len(infos) >= limit {
			return infos, nil
		}
	}
}
