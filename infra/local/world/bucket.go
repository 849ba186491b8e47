package world

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/find"
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
	options := store.Options{
		Sync: true, Credentials: store.Credentials{AccessKey: k.access, SecretKey: k.secret},
		Public: []string{BucketName + "/runs/", BucketName + "/" + publish.Root}, // on the machine's own clock, by which clients sign
	}
	if hear := w.options.Requests; hear != nil {
		options.Faults = func(r store.Request) store.Fault {
			hear(r)
			return store.Fault{}
		}
	}
	opened, err := store.Open(dir, options)
	if err != nil {
		return fmt.Errorf("%w; is another world running in this directory?", err)
	}
	w.Store = opened
	return nil
}

// startBucket serves the bucket, and sets how long what is in it stays.
func (w *World) startBucket(ctx context.Context, k keys) error {
	cfg, err := w.configure()
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
		{Prefix: find.Prefix, Days: keep.Runs},
		{Prefix: "usage/", Days: keep.Usage},
	} {
		if r.Days > 0 {
			rules = append(rules, r)
		}
	}
	return append(rules, bucket.Composes()...)
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
