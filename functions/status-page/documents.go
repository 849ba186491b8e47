package statuspage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// atOnce is how many objects are read at the same time.
const atOnce = 8

// document is one pull request as it is stored.
type document struct {
	pipeline.PullRequest
	tag string
}

// read gives the document of a pull request; there may be none.
func (s site) read(ctx context.Context, id event.PullRequestID) (document, bool, error) {
	key := state.DocumentKey(id.Document())
	object, err := s.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return document{}, false, nil
	}
	var d document
	if err == nil {
		err = json.Unmarshal(object.Body, &d.PullRequest)
	}
	if err != nil {
		return d, false, fmt.Errorf("read %s: %w", key, err)
	}
	// What is stored elsewhere is not shown here: the key is what was asked for.
	d.PullRequestID, d.tag = id, string(object.Tag)
	return d, true, nil
}

// readAll gives the documents of pull requests, in the order asked for, without
// those that are not there.
func (s site) readAll(ctx context.Context, ids []event.PullRequestID) ([]document, error) {
	found, errs, there := make([]document, len(ids)), make([]error, len(ids)), make([]bool, len(ids))
	var reading sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, id := range ids {
		slots <- struct{}{}
		reading.Go(func() {
			found[i], there[i], errs[i] = s.read(ctx, id)
			<-slots
		})
	}
	reading.Wait()
	var all []document
	for i, d := range found {
		if there[i] {
			all = append(all, d)
		}
	}
	return all, errors.Join(errs...)
}
