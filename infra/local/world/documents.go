package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// documents is where documents of pull requests begin.
const documents = "pr/"

// Reader is what documents are read from.
type Reader interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// PullRequests gives all documents of a bucket, by their names.
func PullRequests(ctx context.Context, bucket Reader) ([]pipeline.PullRequest, error) {
	return all[pipeline.PullRequest](ctx, bucket, documents)
}

// Composes gives the documents of all composes, by their keys.
func Composes(ctx context.Context, bucket Reader) ([]compose.Compose, error) {
	return all[compose.Compose](ctx, bucket, compose.DocumentPrefix)
}

// RuleStates gives the documents of all rules, by their names.
func RuleStates(ctx context.Context, bucket Reader) ([]rule.State, error) {
	return all[rule.State](ctx, bucket, rule.DocumentPrefix)
}

// all reads the documents whose keys begin alike.
func all[T any](ctx context.Context, bucket Reader, prefix string) ([]T, error) {
	var list []T
	for after := ""; ; {
		page, err := bucket.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
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
			var document T
			if err == nil {
				err = json.Unmarshal(object.Body, &document)
			}
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", info.Key, err)
			}
			list = append(list, document)
		}
		if len(page) < blob.ListMax {
			return list, nil
		}
	}
}
