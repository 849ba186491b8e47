package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
)

// rowMost is the size of a row, in bytes, beyond which its lists are left out:
// a segment of the largest is still read at once.
const rowMost = 4 << 10

// entry is a row: a compose as lists show it.
type entry struct {
	compose.Compose
	// Large tells that the request's lists are missing. They are in the document.
	Large bool `json:"large,omitempty"`
}

// Row is a compose as it is in lists: the object that is written when it
// changes, and where. The same row has the same key.
func Row(c compose.Compose) (key string, body []byte) {
	body = encode(shorten(c))
	sum := sha256.Sum256(body)
	return deltaKey(c.ID, c.Rev, hex.EncodeToString(sum[:6])), body
}

// Beside gives the row of a compose that changed, to be written beside its
// document (state.Keeper). If nothing changed that a list shows, there is none.
func Beside(before, after compose.Compose) ([]state.Object, error) {
	same := before
	same.Rev = after.Rev
	if before.ID == after.ID && bytes.Equal(encode(shorten(same)), encode(shorten(after))) {
		return nil, nil
	}
	key, body := Row(after)
	return []state.Object{{Key: key, Type: "application/json", Body: body}}, nil
}

// shorten leaves out what no list shows.
func shorten(c compose.Compose) entry {
	e := entry{Compose: compose.Compose{
		Book: ask.Book{Rev: c.Rev}, ComposeID: c.ComposeID, Owner: c.Owner, Request: c.Request, State: c.State, Reason: c.Reason,
		Submitted: c.Submitted, Started: c.Started, Done: c.Done, Removed: c.Removed, Expires: c.Expires, RemovedBy: c.RemovedBy,
		PungiID: c.PungiID, Dir: c.Dir, Rule: c.Rule,
	}}
	if len(encode(e)) <= rowMost {
		return e
	}
	r := compose.Request{
		SourceType: c.Request.SourceType, Source: c.Request.Source, Event: c.Request.Event, Flags: c.Request.Flags,
		ComposeType: c.Request.ComposeType, Label: c.Request.Label, TargetDir: c.Request.TargetDir,
	}
	if len(strings.Join(r.Source, " ")) > rowMost/4 {
		r.Source = nil
	}
	e.Large, e.Request, e.Reason = true, r, ""
	return e
}

// encode cannot fail: a compose is strings, numbers, times and lists of them.
func encode(e entry) []byte {
	raw, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("row of compose %d: %v", e.ID, err))
	}
	return raw
}

func decode(raw []byte) (entry, error) {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("read a row: %w", err)
	}
	return e, nil
}
