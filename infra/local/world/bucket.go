package world

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// sweepEvery is how often what is kept long enough is deleted.
const sweepEvery = time.Hour

// openStore opens the S3 server. It comes first, because its directory can be
// open only once: a second world in the same place ends here.
func (w *World) openStore(k keys) error {
	dir := w.path("store")
	if w.options.Memory {
		dir = ""
	}
	opened, err := store.Open(dir, store.Options{
		Sync: true, Credentials: store.Credentials{AccessKey: k.access, SecretKey: k.secret},
		Public: []string{BucketName + "/runs/"}, Now: w.options.Now,
	})
	if err != nil {
		return fmt.Errorf("%w; is another world running in this directory?", err)
	}
	w.Store = opened
	return nil
}

// startBucket serves the bucket, and sets how long what is in it stays.
func (w *World) startBucket(ctx context.Context, k keys) error {
	cfg, err := w.configure(k)
	if err != nil {
		return err
	}
	w.Config = cfg
	w.net.serve(&w.net.addresses.Store, w.Store)
	inside, err := w.Store.Bucket(BucketName)
	if err != nil {
		return fmt.Errorf("make the bucket: %w", err)
	}
	w.Files = inside
	if !w.options.Memory {
		who := bucket.Credentials{AccessKey: k.access, SecretKey: k.secret}
		if err := bucket.Init(ctx, bucket.Place{Endpoint: w.Addresses.Store}, who, BucketName, Lifecycle(cfg.Bucket.Keep)); err != nil {
			return err
		}
		w.running.Go(func() { w.sweep(ctx) })
	}
	if !w.options.Memory && !w.options.InProcess {
		w.Files, err = s3.Open(ctx, s3.Options{
			Bucket: BucketName, Endpoint: w.Addresses.Store, Region: store.DefaultRegion, PathStyle: true,
			AccessKey: k.access, SecretKey: k.secret,
		})
		if err != nil {
			return err
		}
	}
	w.Bucket = state.New(w.Files)
	w.Bucket.Now = w.options.Now
	return nil
}

// Lifecycle gives the rules for how long what is in a bucket is kept.
func Lifecycle(keep config.Keep) []bucket.Rule {
	var rules []bucket.Rule
	for _, r := range []bucket.Rule{
		{Prefix: "claims/", Days: keep.Claims},
		{Prefix: "events/", Days: keep.Events},
		{Prefix: "logs/", Days: keep.Logs},
		{Prefix: "dead/", Days: keep.Dead},
		{Prefix: "runs/", Days: keep.Runs},
	} {
		if r.Days > 0 {
			rules = append(rules, r)
		}
	}
	return rules
}

func (w *World) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if _, err := w.Store.Sweep(ctx); err != nil && ctx.Err() == nil {
			w.options.Say("sweep the store: %v", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// aside is a message of the bus nobody can read, kept for a person to look at.
type aside struct {
	ID      string         `json:"id,omitempty"`
	Topic   string         `json:"topic,omitempty"`
	Headers map[string]any `json:"headers,omitempty"`
	Reason  string         `json:"reason"`
	Body    []byte         `json:"body"`
}

// SetAside keeps malformed messages of the bus among the dead letters, under
// dead/<day>/bus/<id>.json, in bucket.
func SetAside(bucket state.Bucket) func(context.Context, fedmsg.Malformed) error {
	return func(ctx context.Context, m fedmsg.Malformed) error {
		raw, err := json.Marshal(aside{m.ID, m.Topic, m.Headers, m.Reason.Error(), m.Body})
		if err != nil { // headers JSON has no form for
			raw, err = json.Marshal(aside{ID: m.ID, Topic: m.Topic, Reason: m.Reason.Error(), Body: m.Body})
		}
		id := m.ID
		if id == "" {
			id = forge.Digest(m.Body)
		}
		key := "dead/" + bucket.Now().UTC().Format("2006-01-02") + "/bus/" + blob.Segment(id) + ".json"
		if err == nil {
			_, err = bucket.Put(ctx, key, raw, blob.Any, blob.Type("application/json"))
		}
		if err != nil {
			return fmt.Errorf("set message %.80s aside: %w", id, err)
		}
		return nil
	}
}
