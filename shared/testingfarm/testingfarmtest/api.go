package testingfarmtest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is the largest request read.
const maxBody = 1 << 20

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func say(w http.ResponseWriter, code int, message string) {
	answer(w, code, map[string]string{"message": message})
}

// token gives the caller's key, if it is one that is taken.
func (f *Farm) token(r *http.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token, ok && token != "" && (len(f.cfg.Tokens) == 0 || slices.Contains(f.cfg.Tokens, token))
}

func (f *Farm) post(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		say(w, http.StatusBadRequest, "The request could not be read.")
		return
	}
	if f.failsBefore(w) {
		return
	}
	token, ok := f.token(r)
	if !ok {
		say(w, http.StatusUnauthorized, "Not authorized to perform this action.")
		return
	}
	var in incoming
	if err := json.Unmarshal(raw, &in); err != nil {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"detail": []complaint{badJSON(err)}})
		return
	}
	if wrong := in.check(); len(wrong) > 0 {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"detail": wrong})
		return
	}
	if in.Test.FMF == nil {
		say(w, http.StatusBadRequest, "Only tmt tests can be run here.")
		return
	}
	for _, env := range in.Environments {
		if !knownArch(env.Arch) {
			answer(w, http.StatusBadRequest, map[string]any{"errors": map[string]any{
				"environments": map[string]any{"0": map[string]any{"arch": []string{"Unsupported architecture " + env.Arch + "."}}},
			}})
			return
		}
	}
	rec := in.record(token, time.Now())
	rec.Base = "http://" + r.Host
	// Written before it is set to work, which changes it.
	made := map[string]any{
		"id": rec.Shown.ID, "test": rec.Shown.Test, "state": "new", "environments": rec.Shown.Environments,
		"notification": map[string]any{"webhook": map[string]any{"url": rec.Webhook.URL}},
		"settings":     rec.Shown.Settings, "created": rec.Shown.Created, "updated": rec.Shown.Updated,
	}
	if err := f.accept(rec); err != nil {
		say(w, http.StatusInternalServerError, "The request could not be stored.")
		return
	}
	if f.losesAnswer(w) {
		return
	}
	answer(w, http.StatusOK, made)
}

func badJSON(err error) complaint {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		loc := []any{"body"}
		for part := range strings.SplitSeq(kind.Field, ".") {
			loc = append(loc, part)
		}
		return complaint{loc, "not a valid " + kind.Type.Kind().String(), "type_error"}
	}
	return complaint{[]any{"body"}, "not valid JSON", "value_error.jsondecode"}
}

func (f *Farm) show(w http.ResponseWriter, r *http.Request) {
	s, ok := f.snapshot(r.PathValue("id"))
	if !ok {
		say(w, http.StatusNotFound, "No such request.")
		return
	}
	answer(w, http.StatusOK, s)
}

func (f *Farm) snapshot(id string) (shown, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rec, ok := f.requests[id]
	if !ok {
		return shown{}, false
	}
	return rec.Shown, true
}

// list gives everybody's requests to who shows no key, and the caller's own
// otherwise, as the real one does.
func (f *Farm) list(w http.ResponseWriter, r *http.Request) {
	token, ok := f.token(r)
	if !ok && r.Header.Get("Authorization") != "" {
		say(w, http.StatusUnauthorized, "Not authorized to perform this action.")
		return
	}
	q := r.URL.Query()
	after, okAfter := moment(q.Get("created_after"))
	before, okBefore := moment(q.Get("created_before"))
	if !okAfter || !okBefore {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"detail": []complaint{
			{[]any{"query", "created_after"}, "invalid datetime format", "value_error.datetime"},
		}})
		return
	}
	f.mu.Lock()
	found := []shown{}
	for _, id := range f.order {
		s := f.requests[id].Shown
		made := f.requests[id].made
		switch {
		case ok && s.TokenID != idOf(token):
		case q.Get("token_id") != "" && q.Get("token_id") != s.TokenID:
		case q.Get("user_id") != "" && q.Get("user_id") != s.UserID:
		case q.Get("state") != "" && q.Get("state") != s.State:
		case !after.IsZero() && made.Before(after), !before.IsZero() && made.After(before):
		default:
			found = append(found, s)
		}
	}
	f.mu.Unlock()
	slices.Reverse(found) // the newest first
	answer(w, http.StatusOK, found)
}

func moment(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	for _, form := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (f *Farm) cancel(w http.ResponseWriter, r *http.Request) {
	token, ok := f.token(r)
	if !ok {
		say(w, http.StatusUnauthorized, "Not authorized to perform this action.")
		return
	}
	f.mu.Lock()
	rec, known := f.requests[r.PathValue("id")]
	if !known || rec.Shown.TokenID != idOf(token) {
		f.mu.Unlock()
		say(w, http.StatusNotFound, "No such request.")
		return
	}
	state := rec.Shown.State
	f.mu.Unlock()
	switch state {
	case "complete", "error":
		say(w, http.StatusConflict, "The request is already finished.")
	case "canceled", "cancel-requested":
		w.WriteHeader(http.StatusNoContent)
	default:
		f.stopRequest(rec)
		answer(w, http.StatusOK, map[string]string{"message": "Cancellation requested."})
	}
}

func (f *Farm) composes(w http.ResponseWriter, r *http.Request) {
	if ranch := r.PathValue("ranch"); ranch != "" && ranch != "public" {
		say(w, http.StatusNotFound, "No such ranch.")
		return
	}
	answer(w, http.StatusOK, map[string]any{"composes": f.cfg.Composes})
}

func (f *Farm) whoami(w http.ResponseWriter, r *http.Request) {
	token, ok := f.token(r)
	if !ok {
		say(w, http.StatusUnauthorized, "Not authorized to perform this action.")
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"token": map[string]string{"id": idOf(token), "ranch": "public"},
		"user":  map[string]string{"id": idOf("user " + token)},
	})
}
