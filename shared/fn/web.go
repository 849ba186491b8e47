package fn

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// ServeWeb serves f, an api: what it says is sent first, then its answer is
// given. So whoever called and was answered 2xx may forget: we have it.
func ServeWeb(runner Runner, f Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), Deadline)
		defer cancel()
		ctx, end := runner.begin(WithTrace(ctx, r.Header.Get("Traceparent")), f.Name, nil)
		answer, said, err := runner.web(ctx, f, r)
		if err != nil {
			answer = refusal(w, err)
		}
		runner.report(ctx, end(said, answer.Code, err), slog.String("method", r.Method))
		answer.write(w)
	})
}

// brokerPause is after how long a caller may call again whom our broker kept
// from being served.
const brokerPause = 5 * time.Second

func (a Response) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Code)
	if a.Body == nil && a.Text != "" {
		a.Body = []byte(a.Text + "\n")
	}
	_, _ = w.Write(a.Body)
}

func (r Runner) web(ctx context.Context, f Function, req *http.Request) (answer Response, said []string, err error) {
	if f.Web == nil {
		return answer, nil, Permanent(fmt.Errorf("%s is no api", f.Name))
	}
	answer, drafts, err := r.surviveWeb(ctx, f, req)
	if err != nil {
		return answer, nil, err
	}
	if drafts, err = f.finishWeb(TraceFrom(ctx), drafts); err != nil {
		return answer, nil, err
	}
	if said, err = r.send(ctx, f.Name, drafts); err != nil {
		// Who called can do nothing about our broker but wait for it.
		err = Later(brokerPause, err)
	}
	return answer, said, err
}

// surviveWeb lets f answer, and makes an error of a panic: those who watch are to
// be told of this call like of any other.
func (r Runner) surviveWeb(ctx context.Context, f Function, req *http.Request) (answer Response, drafts []event.Draft, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = r.panicked(ctx, f, reason, slog.String("method", req.Method))
		}
	}()
	if answer, drafts, err = f.Web(ctx, req); err != nil {
		err = fmt.Errorf("%s: %w", f.Name, err)
	}
	return answer, drafts, err
}

// finishWeb gives drafts without an id one of their own. A request has no id
// that two deliveries of it would share, so each call counts as a new one;
// where the caller names what he sends, the api has taken his id.
func (f Function) finishWeb(trace string, drafts []event.Draft) ([]event.Draft, error) {
	for i, d := range drafts {
		if !f.says(d.Type) {
			return nil, Permanent(fmt.Errorf("%s says %s, which it does not declare", f.Name, d.Type))
		}
		if d.ID == "" {
			drafts[i].ID = rand.Text()
		}
		drafts[i] = drafts[i].With(event.Traceparent, trace)
	}
	return drafts, nil
}

// refusal tells a caller that his call was not dealt with, and no more: what
// went wrong is for our log.
func refusal(w http.ResponseWriter, err error) Response {
	code, after := Verdict(err)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds()+0.5)))
	}
	if errors.As(err, new(permanentError)) {
		return Response{Code: code, Text: "this call cannot be dealt with"}
	}
	return Response{Code: code, Text: "not done; call again later"}
}

// Has tells whether who asks has already what tag stands for: whether
// If-None-Match names it, by the weak comparison (RFC 9110, 13.1.2).
func Has(r *http.Request, tag string) bool {
	for _, field := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(field, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
