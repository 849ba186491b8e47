package fedmsg

import (
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/rabbitmq/amqp091-go"
)

// FromDelivery reads a message as it comes off a queue: content type JSON in
// UTF-8 (nothing said means that), topic from the routing key, id from the
// message_id property, the rest from the headers. Every error has ErrMalformed
// in its chain.
func FromDelivery(d amqp091.Delivery) (Message, error) {
	if err := checkContent(d.ContentType, d.ContentEncoding); err != nil {
		return Message{}, err
	}
	m := Message{
		ID: d.MessageId, Topic: d.RoutingKey, Headers: plainTable(d.Headers),
		Body: d.Body, Redelivered: d.Redelivered,
	}
	if _, said := m.Headers[headerSent]; !said && !d.Timestamp.IsZero() {
		m.Sent = d.Timestamp.UTC()
	}
	return complete(m)
}

func checkContent(contentType, encoding string) error {
	if contentType != "" {
		media, _, err := mime.ParseMediaType(contentType)
		if err != nil || media != "application/json" {
			return malformed("content type %.60q is not application/json", contentType)
		}
	}
	switch strings.ToLower(encoding) {
	case "", "utf-8", "utf8":
		return nil
	}
	return malformed("content encoding %.60q is not utf-8", encoding)
}

// plainTable gives AMQP headers the shapes JSON has; see Message.Headers.
func plainTable(table amqp091.Table) map[string]any {
	out := make(map[string]any, len(table))
	for name, value := range table {
		out[name] = plainAMQP(value)
	}
	return out
}

func plainAMQP(value any) any {
	switch v := value.(type) {
	case nil, bool, string, int64, float64:
		return v
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case int:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		return float64(v)
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainAMQP(v[i])
		}
		return out
	case amqp091.Table:
		return plainTable(v)
	}
	return fmt.Sprint(value) // decimals, and kinds a later client may add
}
