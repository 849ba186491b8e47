package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/blob"
)

// read gives a rule's document; empty where there is none yet.
func read(ctx context.Context, from interface {
	Get(ctx context.Context, key string) (blob.Object, error)
}, name string,
) (State, error) {
	var s State
	object, err := from.Get(ctx, DocumentPrefix+name+".json")
	if errors.Is(err, blob.ErrNotFound) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(object.Body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read rule %s: %w", name, err)
	}
	return s, nil
}
