package fedmsg

import (
	"encoding/json"
	"time"
)

// DecodeAny reads a recorded message in any of the forms in circulation:
//
//   - the serialized form that Decode reads: {id, topic, headers, body};
//   - the old fedmsg envelope {topic, msg, msg_id, timestamp, i}, still sent by
//     the webhooks of Pagure and found in old archives;
//   - the flattened form some consumers store: the body itself with a "topic"
//     put in, and perhaps a "timestamp". The message's id is not in it (an "id"
//     there belongs to the body), so one is derived from the content.
func DecodeAny(raw []byte) (Message, error) {
	if len(raw) > maxSerialized {
		return Message{}, malformed("%d bytes, more than %d", len(raw), maxSerialized)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Message{}, malformed("read: %w", err)
	}
	switch {
	case isObject(fields["body"]):
		return Decode(raw)
	case isObject(fields["msg"]):
		return decodeEnvelope(fields)
	}
	return decodeFlat(fields)
}

func decodeEnvelope(fields map[string]json.RawMessage) (Message, error) {
	headers, err := decodeHeaders(fields["headers"])
	if err != nil {
		return Message{}, err
	}
	return complete(Message{
		ID:      text(fields["msg_id"]),
		Topic:   text(fields["topic"]),
		Sent:    moment(fields["timestamp"]),
		Headers: headers,
		Body:    fields["msg"],
	})
}

func decodeFlat(fields map[string]json.RawMessage) (Message, error) {
	topic := text(fields["topic"])
	delete(fields, "topic")
	body, err := json.Marshal(fields)
	if err != nil {
		return Message{}, malformed("read body: %w", err)
	}
	return complete(Message{
		Topic:   topic,
		Sent:    moment(fields["timestamp"]),
		Headers: map[string]any{},
		Body:    body,
	})
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func moment(raw json.RawMessage) time.Time {
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		return fromEpoch(seconds)
	}
	return parseTime(text(raw))
}
