package testingfarmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// hookTries is how often one webhook is posted until it is taken.
const hookTries = 5

// tell posts that a request changed, and no more: what it changed to must be
// asked for. Each post goes its own way, so they arrive in any order.
func (f *Farm) tell(rec *record, last bool) {
	if rec.Webhook.URL == "" {
		return
	}
	f.mu.Lock()
	posts := 1
	switch {
	case f.faults.LoseHooks > 0:
		f.faults.LoseHooks--
		posts = 0
	case f.faults.HoldHooks && !last:
		rec.held++
		posts = 0
	case last:
		posts += rec.held
		rec.held = 0
	}
	if f.faults.DoubleHooks {
		posts *= 2
	}
	f.mu.Unlock()
	for range posts {
		f.begin(func(ctx context.Context) { f.postHook(ctx, rec) })
	}
}

func (f *Farm) postHook(ctx context.Context, rec *record) {
	body, err := json.Marshal(map[string]string{"request_id": rec.Shown.ID, "token": rec.Webhook.Token})
	if err != nil {
		return
	}
	pause := f.cfg.HookPause
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, rec.Webhook.URL, bytes.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := f.cfg.HTTP.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < 300 {
				return
			}
		}
		if try == hookTries {
			f.cfg.Log.WarnContext(ctx, "a webhook was not taken", slog.String("request", rec.Shown.ID))
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause *= 2
	}
}
