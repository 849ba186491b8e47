package fedmsg

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
)

// maxSerialized leaves room for the headers around the largest body.
const maxSerialized = MaxBody + 256<<10

// serialized is a line of `fedora-messaging record`, and a row of datagrepper.
type serialized struct {
	ID      string          `json:"id"`
	Topic   string          `json:"topic"`
	Headers json.RawMessage `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

// Decode reads the serialized form {id, topic, headers, body, queue, priority}
// that `fedora-messaging record` writes and datagrepper answers with. Every
// error has ErrMalformed in its chain.
func Decode(raw []byte) (Message, error) {
	if len(raw) > maxSerialized {
		return Message{}, malformed("%d bytes, more than %d", len(raw), maxSerialized)
	}
	var s serialized
	if err := json.Unmarshal(raw, &s); err != nil {
		return Message{}, malformed("read: %w", err)
	}
	headers, err := decodeHeaders(s.Headers)
	if err != nil {
		return Message{}, err
	}
	return complete(Message{ID: s.ID, Topic: s.Topic, Headers: headers, Body: s.Body})
}

func decodeHeaders(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 {
		return map[string]any{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var headers map[string]any
	if err := decoder.Decode(&headers); err != nil {
		return nil, malformed("read headers: %w", err)
	}
	if headers == nil {
		return map[string]any{}, nil
	}
	for name, value := range headers {
		headers[name] = plainJSON(value)
	}
	return headers, nil
}

// plainJSON turns the decoder's numbers into int64 where they are whole, so
// that a header reads the same from the archive as from the queue.
func plainJSON(value any) any {
	switch v := value.(type) {
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		float, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return float
	case []any:
		for i := range v {
			v[i] = plainJSON(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainJSON(v[name])
		}
	}
	return value
}

// Records reads a file of recorded messages: one JSON value after the other,
// in lines or not, in any form DecodeAny reads. It stops after the first error
// it yields when the file is not JSON any further.
func Records(r io.Reader) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		decoder := json.NewDecoder(r)
		for {
			var raw json.RawMessage
			err := decoder.Decode(&raw)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Message{}, malformed("read record: %w", err))
				return
			}
			if !yield(DecodeAny(raw)) {
				return
			}
		}
	}
}
