package index

import (
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
)

// A segment that somebody damaged is refused, whatever is in it.
func FuzzUnpack(f *testing.F) {
	codec := newCodec()
	var rows []entry
	for id := range int64(3) {
		rows = append(rows, shorten(compose.Compose{ComposeID: event.ComposeID{ID: id + 1}, Owner: "alice", Submitted: time.Unix(1, 0)}))
	}
	good := codec.pack(rows, "nonce")
	f.Add(good)
	f.Add(good[:len(good)-9])
	f.Add([]byte(magic + "\x00\x00\x00\x01("))
	f.Fuzz(func(_ *testing.T, body []byte) {
		s, err := codec.unpack(blob.Object{Key: "k", Body: body})
		if err != nil {
			return
		}
		lines, err := codec.rows(s)
		if err != nil {
			return
		}
		for n := range s.cells {
			_, _ = s.row(lines, n)
		}
	})
}
