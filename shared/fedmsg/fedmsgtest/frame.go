package fedmsgtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The numbers of AMQP 0-9-1 (https://www.rabbitmq.com/resources/specs/amqp0-9-1.xml).
const (
	frameMethod    = 1
	frameHeader    = 2
	frameBody      = 3
	frameHeartbeat = 8
	frameEnd       = 0xCE

	// frameMax is what RabbitMQ offers as well: the whole frame, 8 bytes of
	// frame around the payload included.
	frameMax      = 131072
	frameOverhead = 8
)

var errFrame = errors.New("broken frame")

type frame struct {
	kind    byte
	channel uint16
	payload []byte
}

// readFrame reads one frame. It never allocates more than frameMax, whatever
// the length field says.
func readFrame(r io.Reader) (frame, error) {
	var head [7]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(head[3:])
	if size > frameMax-frameOverhead {
		return frame{}, fmt.Errorf("%w: payload of %d bytes", errFrame, size)
	}
	payload := make([]byte, size+1)
	if _, err := io.ReadFull(r, payload); err != nil {
		return frame{}, err
	}
	if payload[size] != frameEnd {
		return frame{}, fmt.Errorf("%w: no frame end", errFrame)
	}
	return frame{kind: head[0], channel: binary.BigEndian.Uint16(head[1:]), payload: payload[:size]}, nil
}

func appendFrame(to []byte, f frame) []byte {
	to = append(to, f.kind)
	to = binary.BigEndian.AppendUint16(to, f.channel)
	to = binary.BigEndian.AppendUint32(to, uint32(len(f.payload)))
	to = append(to, f.payload...)
	return append(to, frameEnd)
}

// appendContent writes a method that carries content: the method, the content
// header with the properties, and the body in as many frames as it needs.
func appendContent(to []byte, channel uint16, method, properties, body []byte) []byte {
	to = appendFrame(to, frame{frameMethod, channel, method})
	header := binary.BigEndian.AppendUint16(nil, classBasic)
	header = binary.BigEndian.AppendUint16(header, 0) // weight, unused
	header = binary.BigEndian.AppendUint64(header, uint64(len(body)))
	to = appendFrame(to, frame{frameHeader, channel, append(header, properties...)})
	for len(body) > 0 {
		part := body[:min(len(body), frameMax-frameOverhead)]
		body = body[len(part):]
		to = appendFrame(to, frame{frameBody, channel, part})
	}
	return to
}
