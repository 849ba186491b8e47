package usage

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/fn"
)

const (
	// every is how long a piece gets at least before it is written in between.
	every = 10 * time.Minute
	// again is how long a piece that could not be written has to wait.
	again = time.Minute
	// patience is how long writing may take: an event waits for it.
	patience = 2 * time.Second
)

// Bucket is where pieces are put.
type Bucket interface {
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
}

// Recorder writes down what one instance uses.
type Recorder struct {
	bucket  Bucket
	now     func() time.Time
	machine Machine

	writing sync.Mutex // held while a piece is written
	mu      sync.Mutex
	piece   Piece // what is not written yet
	number  int
	key     string    // of the piece, once it was tried to write it
	cpu     float64   // spent before the piece
	next    time.Time // when to write
}

// New begins to record. Service names what runs, instance this one of it (the
// name of the pod; a few letters are added, because a container may start
// again in its pod), and since is when its process began.
func New(bucket Bucket, service, instance string, machine Machine, since time.Time, now func() time.Time) *Recorder {
	r := &Recorder{bucket: bucket, now: now, machine: machine, number: 1, next: since.Add(every)}
	r.piece = Piece{
		Service: service, Instance: instance + "-" + rand.Text()[:6], From: since, CPUs: machine.CPUs, Functions: map[string]Work{},
	}
	return r
}

// Watch counts what is dealt with; see fn.Runner.
func (r *Recorder) Watch(ctx context.Context, _ fn.Begun) (context.Context, func(fn.Report)) {
	return ctx, func(done fn.Report) {
		w := Work{
			Events: 1, Seconds: done.Took.Seconds(), Said: int64(len(done.Said)),
			Gets: done.Bucket.Gets, Puts: done.Bucket.Puts, Lists: done.Bucket.Lists, Deletes: done.Bucket.Deletes,
			In: done.Bucket.In, Out: done.Bucket.Out,
		}
		if done.Err != nil {
			w.Failed = 1
		}
		if done.Cold {
			w.Cold = 1
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.piece.Functions[done.Function] = r.piece.Functions[done.Function].Add(w)
	}
}

// Settle writes what was used if it is time to, and nothing at all otherwise.
// It is called while an event is still in hand: after the answer an instance may
// get no processor any more. One that fails is tried again a minute later.
func (r *Recorder) Settle(ctx context.Context) error {
	r.mu.Lock()
	early := r.now().Before(r.next)
	r.mu.Unlock()
	if early || !r.writing.TryLock() {
		return nil
	}
	defer r.writing.Unlock()
	return r.write(ctx)
}

// Close writes what is left. It is called last.
func (r *Recorder) Close(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.write(ctx)
}

// write puts the piece and begins the next. Until it is known to be there it
// keeps its key, so that a second attempt replaces the first.
func (r *Recorder) write(ctx context.Context) error {
	r.mu.Lock()
	now := r.now()
	whole := r.piece
	whole.To = now
	used, peak := spent()
	whole.CPU, whole.Peak = used-r.cpu, peak
	if whole.Memory = r.machine.Memory; whole.Memory == 0 {
		whole.Memory = peak
	}
	if r.key == "" { // a second attempt after midnight must replace the first as well
		r.key = whole.key(r.number)
	}
	key := r.key
	body, err := json.Marshal(whole)
	written := make(map[string]Work, len(whole.Functions))
	for name, w := range whole.Functions {
		written[name] = w
	}
	r.next = now.Add(again)
	r.mu.Unlock()
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, err = r.bucket.Put(limited, key, body, blob.Any, blob.Type("application/json"))
	}
	if err != nil {
		return fmt.Errorf("write what %s used: %w", whole.Service, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, w := range r.piece.Functions { // what came in while it was written stays
		if left := w.without(written[name]); left != (Work{}) {
			r.piece.Functions[name] = left
		} else {
			delete(r.piece.Functions, name)
		}
	}
	r.piece.From, r.cpu, r.next = now, used, now.Add(every)
	r.number++
	r.key = ""
	return nil
}

func (w Work) without(o Work) Work {
	out := w.Add(Work{
		-o.Events, -o.Failed, -o.Cold, -o.Seconds, -o.Said, -o.Gets, -o.Puts, -o.Lists, -o.Deletes, -o.In, -o.Out,
	})
	if out.Events == 0 {
		return Work{} // and no rest of rounding
	}
	return out
}
