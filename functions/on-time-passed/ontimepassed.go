// Package ontimepassed looks after what a pull request waits for when it is
// due: facts nobody dealt with, commands nobody answered.
package ontimepassed

import (
	"context"
	"errors"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// New returns the function, deciding with desk. Facts are recalled from bucket.
func New(bucket state.Bucket, desk pipeline.Desk) fn.Function {
	w := watch{bucket, desk}
	return fn.Function{
		Name:  "on-time-passed",
		Does:  "say again what had no answer, and end what had none for too long",
		Hears: []fn.Route{fn.On(event.TimePassed, w.pass)},
		Says:  pipeline.Says(),
	}
}

type watch struct {
	bucket state.Bucket
	desk   pipeline.Desk
}

func (w watch) pass(ctx context.Context, in fn.In[event.Passed]) ([]event.Draft, error) {
	drafts, err := w.recall(ctx, in.Data)
	if err != nil {
		return nil, err
	}
	more, err := w.desk.Decide(ctx, in.Data.ID(), in.Event, in.Data, false)
	return append(drafts, more...), err
}

// recall lets the document decide on a fact whose first event may have been
// lost. A document that dealt with it takes no notice.
func (w watch) recall(ctx context.Context, news event.Passed) ([]event.Draft, error) {
	if news.Fact == "" {
		return nil, nil
	}
	fact, err := w.bucket.Recall(ctx, news.Document(), news.Fact)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil // the entry was written, the fact was not: its sender will come again
	}
	if err != nil {
		return nil, err
	}
	return w.desk.Hear(ctx, fact)
}
