package fedmsgtest

import (
	"encoding/binary"
	"time"
)

// properties are those of basic content, in the order of the wire. Only what
// the bus looks at is kept; the broker passes the raw bytes on untouched.
type properties struct {
	contentType     string
	contentEncoding string
	headers         table
	deliveryMode    uint8
	priority        uint8
	hasPriority     bool
	messageID       string
	timestamp       time.Time
}

// The presence bits of a property list, from the highest down.
const (
	hasContentType = 1 << (15 - iota)
	hasContentEncoding
	hasHeaders
	hasDeliveryMode
	hasPriority
	hasCorrelationID
	hasReplyTo
	hasExpiration
	hasMessageID
	hasTimestamp
	hasType
	hasUserID
	hasAppID
	hasClusterID
)

func decodeProperties(raw []byte) (properties, error) {
	d := decoder{rest: raw}
	flags := d.short()
	texts := map[uint16]*string{}
	var p properties
	texts[hasContentType], texts[hasContentEncoding], texts[hasMessageID] = &p.contentType, &p.contentEncoding, &p.messageID
	for bit := uint16(hasContentType); bit >= hasClusterID; bit >>= 1 {
		if flags&bit == 0 {
			continue
		}
		switch bit {
		case hasHeaders:
			p.headers = d.table(0)
		case hasDeliveryMode:
			p.deliveryMode = d.octet()
		case hasPriority:
			p.priority, p.hasPriority = d.octet(), true
		case hasTimestamp:
			p.timestamp = time.Unix(int64(d.longer()), 0).UTC()
		default:
			text := d.shortText()
			if at := texts[bit]; at != nil {
				*at = text
			}
		}
	}
	return p, d.err
}

func (p properties) encode() []byte {
	var flags uint16
	var values []byte
	text := func(bit uint16, s string) {
		if s != "" {
			flags |= bit
			values = appendShortText(values, s)
		}
	}
	text(hasContentType, p.contentType)
	text(hasContentEncoding, p.contentEncoding)
	if p.headers != nil {
		flags |= hasHeaders
		values = appendTable(values, p.headers)
	}
	if p.deliveryMode != 0 {
		flags |= hasDeliveryMode
		values = append(values, p.deliveryMode)
	}
	if p.hasPriority {
		flags |= hasPriority
		values = append(values, p.priority)
	}
	text(hasMessageID, p.messageID)
	if !p.timestamp.IsZero() {
		flags |= hasTimestamp
		values = binary.BigEndian.AppendUint64(values, uint64(p.timestamp.Unix()))
	}
	return append(binary.BigEndian.AppendUint16(nil, flags), values...)
}
