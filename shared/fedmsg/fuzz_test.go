package fedmsg_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/distaff-project/distaff/shared/fedmsg"
)

// What is read can be stored and read again, and is the same message then.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		recorded, `{"topic":"a.b","body":{}}`, `{"topic":"a","msg":{"x":1},"msg_id":"2017-1","timestamp":1493430570.5}`,
		`{"topic":"a","id":7,"info":{}}`, `{"id":"x","topic":"a","headers":{"sent-at":7,"n":[1e99,{"a":null}]},"body":{"a":1e400}}`,
		`{"headers":null}`, `[`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, decode := range []func([]byte) (fedmsg.Message, error){fedmsg.Decode, fedmsg.DecodeAny} {
			m, err := decode(raw)
			if err != nil {
				if !errors.Is(err, fedmsg.ErrMalformed) {
					t.Errorf("not told as malformed: %v", err)
				}
				continue
			}
			if m.ID == "" || len(m.ID) > 200 || m.Topic == "" || !json.Valid(m.Body) {
				t.Errorf("accepted %+v", m)
			}
			again, err := json.Marshal(map[string]any{"id": m.ID, "topic": m.Topic, "headers": m.Headers, "body": m.Body})
			if err != nil {
				t.Fatalf("cannot be written: %v", err)
			}
			back, err := fedmsg.Decode(again)
			if err != nil || back.ID != m.ID || back.Topic != m.Topic || back.Schema != m.Schema || back.Severity != m.Severity {
				t.Errorf("read %+v, and then %+v, %v", m, back, err)
			}
		}
	})
}
