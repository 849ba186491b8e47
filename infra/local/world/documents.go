package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// documents is where documents begin.
const documents = "pr/"

// Reader is what documents are read from.
type Reader interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// PullRequests gives all documents of a bucket, by their names.
func PullRequests(ctx context.Context, bucket Reader) ([]pipeline.PullRequest, error) {
	var all []pipeline.PullRequest
	for after := ""; ; {
		page, err := bucket.List(ctx, documents, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list the pull requests: %w", err)
		}
		for _, info := range page {
			after = info.Key
			if !strings.HasSuffix(info.Key, ".json") {
				continue
			}
			object, err := bucket.Get(ctx, info.Key)
			if errors.Is(err, blob.ErrNotFound) {
				continue
			}
			var p pipeline.PullRequest
			if err == nil {
				err = json.Unmarshal(object.Body, &p)
			}
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", info.Key, err)
			}
			all = append(all, p)
		}
		if len(page) < blob.ListMax {
			return all, nil
		}
	}
}
