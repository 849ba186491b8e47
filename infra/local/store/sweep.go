package store

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

const day = 24 * time.Hour

// Sweep deletes what the lifecycle rules of all buckets let expire by now, and
// tells how many objects those were.
func (s *Server) Sweep(ctx context.Context) (int, error) {
	now, swept := s.opts.Now(), 0
	for _, name := range s.names() {
		b, ok := s.find(name)
		if !ok {
			continue
		}
		for _, r := range b.currentRules() {
			if !r.Enabled {
				continue
			}
			if r.Abort > 0 {
				s.uploads.abortOld(name, r.Prefix, now.Add(-time.Duration(r.Abort)*day))
			}
			if r.Expire == 0 {
				continue
			}
			n, err := b.sweep(ctx, r, now)
			swept += n
			if err != nil {
				return swept, fmt.Errorf("sweep %s of bucket %s: %w", r.Prefix, name, err)
			}
		}
	}
	return swept, nil
}

func (b *Bucket) sweep(ctx context.Context, r rule, now time.Time) (int, error) {
	swept, after := 0, ""
	for {
		found, err := b.keep.list(ctx, r.Prefix, after, blob.ListMax)
		if err != nil {
			return swept, err
		}
		for _, m := range found {
			after = m.Key
			if !r.expired(m, now) {
				continue
			}
			// It may have been written anew since it was listed.
			gone, err := b.keep.remove(ctx, m.Key, func(m meta) bool { return r.expired(m, now) })
			if err != nil {
				return swept, err
			}
			if gone {
				swept++
			}
		}
		if len(found) < blob.ListMax {
			return swept, nil
		}
	}
}

// expired counts as S3 does: the days, then up to the next midnight UTC.
// Source: "Lifecycle rules based on an object's age" in the Amazon S3 User
// Guide.
func (r rule) expired(m meta, now time.Time) bool {
	at := m.Modified.Add(time.Duration(r.Expire) * day)
	if midnight := at.UTC().Truncate(day); midnight.Before(at) {
		at = midnight.Add(day)
	}
	return !now.Before(at)
}
