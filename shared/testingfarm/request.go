package testingfarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/wire"
)

// ErrUnknown is a request whose answer was lost: it may run or not. Find its
// label before asking again.
var ErrUnknown = errors.New("the answer was lost, the request may exist")

// Refused is Testing Farm saying no for good: the same request would be
// refused again.
type Refused struct { //nolint:errname // reads as what happened: errors.As(err, &refused)
	Code   int    // the HTTP status
	Reason string // one line, in Testing Farm's words
}

// Error gives the reason.
func (r *Refused) Error() string {
	return fmt.Sprintf("Testing Farm refused the request (%d): %s", r.Code, r.Reason)
}

// Request asks once for what Body wrote and gives the request's id.
//
// It fails with *Refused where asking again is useless; with ErrUnknown where
// the request may have been taken; else with wire's error, often Temporary.
func (f *Farm) Request(ctx context.Context, body json.RawMessage) (string, error) {
	answer, err := f.send(ctx, http.MethodPost, "/requests", body)
	if err != nil {
		return "", f.refusal(answer, err)
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer.Body, &made); err != nil || !ValidID(made.ID) {
		if reason := reasons(answer.Body); reason != "" {
			return "", &Refused{Code: answer.Code, Reason: reason}
		}
		return "", fmt.Errorf("%s: answered %d without an id: %w", f.name, answer.Code, ErrUnknown)
	}
	return made.ID, nil
}

// refusal sorts a failed POST into its three kinds.
func (f *Farm) refusal(answer *wire.Answer, err error) error {
	var failed *wire.Error
	if !errors.As(err, &failed) {
		if answer == nil {
			return err // never sent: no address, no credential
		}
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch {
	case failed.Code == 0:
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return err // nobody was there to take it
		}
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case failed.Code == http.StatusServiceUnavailable:
		return err // said before any work is done
	case failed.Code >= 500:
		// A proxy that lost patience, or a failure after the insert.
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case failed.Temporary():
		return err
	}
	reason := reasons(answer.Body)
	if reason == "" {
		reason = http.StatusText(failed.Code)
	}
	return &Refused{Code: failed.Code, Reason: reason}
}

// Cancel stops a request. One that is already over, or being stopped, is no
// error.
func (f *Farm) Cancel(ctx context.Context, id string) error {
	if !ValidID(id) {
		return fmt.Errorf("cancel %q: %w", clip(id, 60), ErrNotFound)
	}
	_, err := f.send(ctx, http.MethodDelete, "/requests/"+id, nil)
	switch wire.Code(err) {
	case http.StatusConflict:
		return nil
	case http.StatusNotFound:
		return fmt.Errorf("cancel %s: %w: %w", id, ErrNotFound, err)
	}
	if err != nil {
		return fmt.Errorf("cancel %s: %w", id, err)
	}
	return nil
}

// ValidID reports whether id has the form of a request's id, a UUID in lower
// case. Nothing else is put into an address.
func ValidID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i, c := range []byte(id) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// reasons finds the words in the three forms Testing Farm refuses in:
// {"message"}, {"errors": {path: text}} and {"detail": [{"loc", "msg"}]}.
func reasons(raw []byte) string {
	var said struct {
		Message string          `json:"message"`
		Errors  json.RawMessage `json:"errors"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(raw, &said) != nil {
		return ""
	}
	var words []string
	var tree any
	if json.Unmarshal(said.Errors, &tree) == nil {
		words = append(words, flatten("", tree)...)
	}
	words = append(words, details(said.Detail)...)
	if said.Message != "" && len(words) == 0 {
		words = append(words, said.Message)
	}
	return clip(strings.Join(words, "; "), 300)
}

// details reads a validation failure: each with the place it is in.
func details(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	var many []struct {
		Loc []any  `json:"loc"`
		Msg string `json:"msg"`
	}
	if json.Unmarshal(raw, &many) != nil {
		return nil
	}
	var words []string
	for _, d := range many {
		var place []string
		for _, l := range d.Loc {
			if s := fmt.Sprint(l); s != "body" {
				place = append(place, s)
			}
		}
		words = append(words, strings.TrimPrefix(strings.Join(place, ".")+": "+d.Msg, ": "))
	}
	return words
}

// flatten writes a tree of errors as "environments.0.arch: words".
func flatten(path string, node any) []string {
	var words []string
	switch n := node.(type) {
	case map[string]any:
		for key, child := range n {
			words = append(words, flatten(strings.TrimPrefix(path+"."+key, "."), child)...)
		}
	case []any:
		for _, child := range n {
			words = append(words, flatten(path, child)...)
		}
	case string:
		words = append(words, strings.TrimPrefix(path+": "+n, ": "))
	}
	slices.Sort(words)
	return words
}
