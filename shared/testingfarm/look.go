package testingfarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// logTries is how often a log is asked for that is not there yet: the last
// test's log appears seconds after the verdict.
const logTries = 4

// Look reads one request in full, with its tests once there are any. A report
// that cannot be read does not hide the verdict: Unread says what was wrong.
// Only where the report may be had later is the failure returned as well.
func (f *Farm) Look(ctx context.Context, id string) (Result, error) {
	if !ValidID(id) {
		return Result{}, fmt.Errorf("look at %q: %w", clip(id, 60), ErrNotFound)
	}
	var r reply
	if err := f.get(ctx, "/requests/"+id, nil, &r); err != nil {
		return Result{}, fmt.Errorf("look at request %s: %w", id, err)
	}
	if r.ID != id {
		return Result{}, fmt.Errorf("look at request %s: the answer is about %q", id, clip(r.ID, 60))
	}
	out := r.result()
	if out.Outcome == Queued || out.Outcome == Requested {
		return out, nil
	}
	err := f.report(ctx, &out)
	return out, err
}

// report finds results.xml: inside the answer, at the address it gives, or
// where it always lies.
func (f *Farm) report(ctx context.Context, r *Result) error {
	raw := []byte(r.xunit)
	if len(bytes.TrimSpace(raw)) < len("<testsuites/>") {
		address := r.reportURL()
		if address == "" {
			r.Unread = "there are no artifacts"
			return nil
		}
		answer, err := f.fetch(ctx, address, "")
		switch {
		case wire.Code(err) == http.StatusNotFound || wire.Code(err) == http.StatusForbidden:
			r.Unread = "there is no results.xml"
			return nil
		case err != nil && r.Outcome.Final() && wire.Temporary(err):
			return fmt.Errorf("read the results of request %s: %w", r.ID, err)
		case err != nil:
			r.Unread = clip(err.Error(), 200)
			return nil
		}
		raw = answer.Body
	}
	var err error
	if r.Report, err = ReadReport(raw, r.Artifacts); err != nil {
		r.Unread = clip(err.Error(), 200)
	}
	return nil
}

// reportURL trusts the address given only beside the artifacts: both come from
// Testing Farm, but the artifacts' place is the one we show to people.
func (r *Result) reportURL() string {
	if webAddress(r.xunitURL) && (r.Artifacts == "" || sameHost(r.xunitURL, r.Artifacts)) {
		return r.xunitURL
	}
	if r.Artifacts == "" {
		return ""
	}
	return r.Artifacts + "/results.xml"
}

// Log reads the last most bytes of a log named in r. It waits a little for a
// log that is not there yet. Logs elsewhere than among r's artifacts are not
// read: their addresses come from the tests.
func (f *Farm) Log(ctx context.Context, r Result, address string, most int64) ([]byte, error) {
	if !sameHost(address, r.Artifacts) {
		return nil, errors.New("read log: the address is not among the artifacts")
	}
	pause := f.pause
	for try := 1; ; try++ {
		answer, err := f.fetch(ctx, address, "bytes=-"+strconv.FormatInt(most, 10))
		if wire.Code(err) == http.StatusRequestedRangeNotSatisfiable {
			return nil, nil // an empty log has no last bytes
		}
		if err == nil {
			return answer.Body[max(0, int64(len(answer.Body))-most):], nil
		}
		if wire.Code(err) != http.StatusNotFound || try == logTries {
			return nil, fmt.Errorf("read log: %w", err)
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

// fetch reads a file among the artifacts, without our credential.
func (f *Farm) fetch(ctx context.Context, address, part string) (*wire.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the address is not one")
	}
	if part != "" {
		req.Header.Set("Range", part)
	}
	return f.files.Do(req)
}

// webAddress reports whether s can be shown as a link and fetched.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 2000 && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func sameHost(a, b string) bool {
	if !webAddress(a) || !webAddress(b) {
		return false
	}
	ua, _ := url.Parse(a)
	ub, _ := url.Parse(b)
	return ua.Scheme == ub.Scheme && strings.EqualFold(ua.Host, ub.Host)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
