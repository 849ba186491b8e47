package composeapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

const (
	jsonType = "application/json"
	// pause is after how long to call again when the bucket could not be asked.
	pause = 5 * time.Second
)

// shown answers with a compose.
func shown(body json.RawMessage) answer {
	return answer{code: http.StatusOK, body: append(body, '\n')}
}

// refused answers that something is not done.
func refused(code int, message, hint string) answer {
	return answer{code: code, body: odcs.Error(code, message, hint)}
}

// refusal makes an answer of an error that is one. All others are breakdowns:
// they pass, and the caller is to come again.
func refusal(err error) (answer, error) {
	var form *odcs.Refusal
	var who *login.Refusal
	var may *permit.Refusal
	switch {
	case errors.As(err, &form):
		return refused(form.Code, form.Message, form.Hint), nil
	case errors.As(err, &who):
		a := refused(who.Code, who.Message, who.Hint)
		a.header = http.Header{}
		who.SetHeader(a.header)
		return a, nil
	case errors.As(err, &may):
		a := refused(may.Code, may.Message, may.Hint)
		if may.After > 0 {
			a.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(may.After.Seconds())))}}
		}
		return a, nil
	}
	return answer{}, fn.Later(pause, err)
}

// respond writes an answer. Whoever asks for the same again is told if it is
// still the same.
func respond(r *http.Request, a answer) fn.Response {
	h := http.Header{"Content-Type": {jsonType}, "Cache-Control": {"no-cache"}}
	if a.media != "" {
		h.Set("Content-Type", a.media)
	}
	maps.Copy(h, a.header)
	if reads(r) {
		h.Set("Access-Control-Allow-Origin", "*")
		if a.code == http.StatusOK {
			sum := sha256.Sum256(a.body)
			tag := `"` + hex.EncodeToString(sum[:12]) + `"`
			h.Set("ETag", tag)
			if fn.Has(r, tag) {
				return fn.Response{Code: http.StatusNotModified, Header: h}
			}
		}
	}
	return fn.Response{Code: a.code, Body: a.body, Header: h}
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
