package fedmsgtest

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func itoa(n int) string { return strconv.Itoa(n) }

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// A frame that was read is written as it came.
func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, frame{frameMethod, 1, methodPayload(queueDeclare, appendShortText([]byte{0, 0}, "q"))}))
	f.Add(appendFrame(nil, frame{kind: frameHeartbeat}))
	f.Add([]byte{1, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		reader := bytes.NewReader(raw)
		for {
			before := len(raw) - reader.Len()
			got, err := readFrame(reader)
			if err != nil {
				if !errors.Is(err, errFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%v", err)
				}
				return
			}
			if !bytes.Equal(appendFrame(nil, got), raw[before:len(raw)-reader.Len()]) {
				t.Errorf("written otherwise: %+v", got)
			}
		}
	})
}

// Properties that were read are read again the same after writing.
func FuzzProperties(f *testing.F) {
	f.Add(properties{
		contentType: "application/json", messageID: "1", priority: 3, hasPriority: true, deliveryMode: 2,
		headers: table{"a": int32(7), "b": []any{true, nil, "x", 1.5, []byte{1}}, "c": table{"d": decimal{2, 314}}},
	}.encode())
	f.Add([]byte{0xff, 0xff, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodeProperties(raw)
		if err != nil {
			return
		}
		again, err := decodeProperties(p.encode())
		if err != nil {
			t.Fatal(err)
		}
		opts := []cmp.Option{cmp.AllowUnexported(properties{}), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}
		if diff := cmp.Diff(p, again, opts...); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever a client says after the handshake, the bus does not panic, and
// holds nothing for it once it is gone.
func FuzzConversation(f *testing.F) {
	method := func(channel uint16, m uint32, arguments ...byte) []byte {
		return appendFrame(nil, frame{frameMethod, channel, methodPayload(m, arguments)})
	}
	opened := method(1, channelOpen, 0)
	consume := append(appendShortText(appendShortText([]byte{0, 0}, "q"), "tag"), 0, 0, 0, 0, 0)
	f.Add(append(bytes.Clone(opened), method(1, basicConsume, consume...)...))
	f.Add(append(bytes.Clone(opened), method(1, basicGet, append(appendShortText([]byte{0, 0}, "q"), 0)...)...))
	f.Add(append(bytes.Clone(opened), method(1, queueDeclare, append(appendShortText([]byte{0, 0}, "other"), 2, 0, 0, 0, 0)...)...))
	f.Add(appendContent(bytes.Clone(opened), 1, methodPayload(basicPublish, append(appendShortText(appendShortText([]byte{0, 0}, Topic), "a"), 1)), []byte{0, 0}, []byte("{}")))
	f.Add(append(bytes.Clone(opened), method(1, basicNack, 0, 0, 0, 0, 0, 0, 0, 0, 3)...))
	f.Add(method(0, connectionClose, 0, 200, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, said []byte) {
		bus := NewBus()
		bus.Bind("q", "kept")
		bus.PublishAs("1", "kept", nil, []byte(`{}`))
		c := newConn(bus, nil)
		bus.locked(func() { bus.conns[c] = struct{}{} })
		reader := bytes.NewReader(said)
		for {
			frame, err := readFrame(reader)
			if err != nil {
				break
			}
			var end bool
			bus.locked(func() { end = c.hear(frame) })
			if end {
				break
			}
		}
		bus.forget(c)
		for name, q := range bus.queues {
			if q.unacked != 0 || len(q.consumers) != 0 {
				t.Errorf("queue %s: %d un-acked, %d consumers after the connection is gone", name, q.unacked, len(q.consumers))
			}
		}
	})
}
