package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// making makes composes of a tag: the API is asked, and all functions do what
// follows, in a process that does nothing else. The Koji, and the bucket if it
// has an address, are in another.
type making struct {
	// Koji is the address of a Koji; at /stats it tells what it was asked for,
	// and a POST to /update changes ten builds of the tag.
	Koji string
	// Bucket is the address of an S3 server; empty: all is kept in memory.
	Bucket string
	Steps  []step
}

// step is a compose to be made.
type step struct {
	Name string
	// Update changes the tag before.
	Update bool
	// Look only looks, as a rule does, whether compose Of is out of date.
	Look bool
	Of   int64
}

// kojiAsked is what a Koji was asked for until now.
type kojiAsked struct {
	kojitest.Stats
	Requests int // to the hub
}

// madeIn is what a step came to.
type madeIn struct {
	Step           string
	ID, Dir        int64
	Packages       int
	Seconds        float64 // from the call of the API until the compose is done
	CPU, MiB       float64 // of this process
	Runs           int     // of compose-make
	Events         int     // dealt with
	Bucket         blob.Usage
	Calls          map[string]int // of Koji's hub, many in one request
	Requests       int            // to the hub
	Files          int            // requests for files
	FileBytes      int64
	Changed, Asked bool // what a look found out
}

var bucketAccess = store.Credentials{AccessKey: "bench", SecretKey: "bench-secret"} //nolint:gochecknoglobals // never changed

func (m making) run(ctx context.Context) ([]madeIn, error) {
	var bucket files = mem.New()
	if m.Bucket != "" {
		client, err := s3.Open(ctx, s3.Options{
			Bucket: "distaff", Endpoint: m.Bucket, Region: store.DefaultRegion, PathStyle: true,
			AccessKey: bucketAccess.AccessKey, SecretKey: bucketAccess.SecretKey,
		})
		if err != nil {
			return nil, err
		}
		bucket = client
	}
	c, err := newComposing(bucket, m.Koji, time.Now)
	if err != nil {
		return nil, err
	}
	var all []madeIn
	for _, s := range m.Steps {
		if s.Update {
			if err := tell(ctx, http.MethodPost, m.Koji+"/update", nil); err != nil {
				return nil, err
			}
		}
		got, err := m.step(ctx, c, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		all = append(all, got)
	}
	return all, nil
}

func (m making) step(ctx context.Context, c *composing, s step) (madeIn, error) {
	got := madeIn{Step: s.Name}
	var before, after kojiAsked
	do := func() error { return got.compose(ctx, c) }
	if s.Look {
		ask, err := question(ctx, c, s.Of)
		if err != nil {
			return got, err
		}
		do = func() error { return got.look(ctx, c, ask) }
		debug.FreeOSMemory()
	}
	if err := tell(ctx, http.MethodGet, m.Koji+"/stats", &before); err != nil {
		return got, err
	}
	c.forget()
	resetPeak()
	cpu, start := cpuTime(), time.Now()
	err := do()
	got.Seconds, got.CPU = time.Since(start).Seconds(), (cpuTime() - cpu).Seconds()
	got.MiB = mebibytes("self", "VmHWM")
	if err != nil {
		return got, err
	}
	if err := tell(ctx, http.MethodGet, m.Koji+"/stats", &after); err != nil {
		return got, err
	}
	got.Bucket, got.Runs = c.total(), c.ran["compose-make"]
	for _, times := range c.ran {
		got.Events += times
	}
	got.Calls, got.Files, got.FileBytes = map[string]int{}, after.Files-before.Files, after.Bytes-before.Bytes
	got.Requests = after.Requests - before.Requests
	for name, times := range after.Calls {
		if times > before.Calls[name] {
			got.Calls[name] = times - before.Calls[name]
		}
	}
	return got, nil
}

// wantTag is the body of a POST to ODCS's API.
const wantTag = `{"source": {"type": "tag", "source": "bulk", "sigkeys": ["a15b79cc"]}, "flags": ["no_deps"], "arches": ["x86_64"]}`

// compose asks for one and lets it be made.
func (got *madeIn) compose(ctx context.Context, c *composing) error {
	var asked struct{ ID int64 }
	if err := c.call(ctx, http.MethodPost, "composes/", json.RawMessage(wantTag), &asked); err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	document, err := readCompose(ctx, c, asked.ID)
	if err != nil {
		return err
	}
	if document.State != compose.Done {
		return fmt.Errorf("compose %d is %s: %s", document.ID, document.State, document.Reason)
	}
	got.ID, got.Dir, got.Packages = document.ID, document.DirOf(), document.Packages
	return nil
}

func readCompose(ctx context.Context, c *composing, id int64) (compose.Compose, error) {
	return compose.NewDesk(c.bucket, compose.Rules{}, nil).Read(ctx, id)
}

// question is what a rule asks: whether anything changed since compose id.
func question(ctx context.Context, c *composing, id int64) (event.ComposeCheck, error) {
	document, err := readCompose(ctx, c, id)
	if err != nil {
		return event.ComposeCheck{}, err
	}
	lock, err := compose.Locks{Store: c.bucket}.Load(ctx, document.Lock)
	return event.ComposeCheck{
		Rule: "bench", Label: "bench", Koji: "fedora", Request: json.RawMessage(wantTag),
		Event: document.Request.Event, Tags: lock.Tags, Content: document.Content,
	}, err
}

func (got *madeIn) look(ctx context.Context, c *composing, ask event.ComposeCheck) error {
	start, before := time.Now(), c.store.Usage()
	if err := c.runner.Run(ctx, c.function("compose-make"), fn.Sent("bench", draftOf(ask), start)); err != nil {
		return err
	}
	c.note("compose-make", before)
	if len(c.queue) != 1 {
		return fmt.Errorf("%d answers", len(c.queue))
	}
	var answer event.ComposeCheckAnswer
	err := c.queue[0].DataAs(&answer)
	c.queue = nil
	if err == nil && answer.Trouble != "" {
		err = errors.New(answer.Trouble)
	}
	got.Changed, got.Asked = answer.Changed, true
	return err
}

func draftOf(ask event.ComposeCheck) event.Draft {
	d := event.ComposeCheckWanted.Say(ask)
	d.ID = "look-" + strconv.FormatInt(time.Now().UnixNano(), 10)
	return d
}

// tell speaks with the process around.
func tell(ctx context.Context, method, address string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, resp.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// cpuTime is the processor time this process took.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resetPeak lets the peak of this process's memory begin anew, on Linux.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
