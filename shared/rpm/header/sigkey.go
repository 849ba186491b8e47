package header

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
)

// SigKey is the key the package is signed with, as Koji writes it: the last
// eight digits of the key's id, in lower case. It is empty when the package is
// not signed. Who signed is only read, not verified.
func (h Header) SigKey() (string, error) {
	for _, tag := range []Tag{SigRSA, SigDSA, SigPGP, SigGPG} {
		packet, err := h.signature.Bin(tag)
		if err != nil {
			return "", err
		}
		if packet == nil {
			continue
		}
		return h.sigKey(tag, packet)
	}
	text, err := h.signature.Raw(SigOpenPGP)
	if err != nil || text == nil {
		return "", err
	}
	packet, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return "", h.signature.broken(SigOpenPGP, "is no base64: %v", err)
	}
	return h.sigKey(SigOpenPGP, packet)
}

func (h Header) sigKey(tag Tag, packet []byte) (string, error) {
	id := issuer(packet)
	if len(id) < 8 {
		return "", h.signature.broken(tag, "is an OpenPGP signature without its key's id")
	}
	return hex.EncodeToString(id[4:8]), nil
}

// issuer finds the eight bytes of the key's id in a signature packet
// (RFC 9580, sections 4.2 and 5.2); nil when there are none.
func issuer(packet []byte) []byte {
	body := packetBody(packet)
	if len(body) < 1 {
		return nil
	}
	lengthSize := 2
	switch body[0] {
	case 3:
		// Version, five hashed bytes with their length, the id.
		if len(body) < 15 {
			return nil
		}
		return body[7:15]
	case 6:
		lengthSize = 4
	case 4:
	default:
		return nil
	}
	rest := body[min(4, len(body)):]
	for range 2 { // the hashed subpackets, then the others
		var area []byte
		if area, rest = cut(rest, lengthSize); area == nil {
			return nil
		}
		if id := issuerOf(area); id != nil {
			return id
		}
	}
	return nil
}

// packetBody leaves out the packet's header, of the old form or of the new. It
// must be a signature, packet type 2.
func packetBody(packet []byte) []byte {
	if len(packet) < 2 || packet[0]&0x80 == 0 {
		return nil
	}
	if packet[0]&0x40 != 0 {
		if packet[0]&0x3f != 2 {
			return nil
		}
		body, _ := cutSubpacket(packet[1:])
		return body
	}
	if packet[0]>>2&0xf != 2 || packet[0]&3 == 3 {
		return nil
	}
	body, _ := cut(packet[1:], 1<<(packet[0]&3))
	return body
}

// issuerOf looks for the issuer (16) or its fingerprint (33) in subpackets.
func issuerOf(area []byte) []byte {
	for len(area) > 0 {
		var sub []byte
		if sub, area = cutSubpacket(area); len(sub) == 0 {
			return nil
		}
		switch sub[0] & 0x7f {
		case 16:
			if len(sub) == 9 {
				return sub[1:]
			}
		case 33:
			// A version 4 fingerprint ends with the id, a version 6 one begins
			// with it.
			if len(sub) == 22 && sub[1] == 4 {
				return sub[14:]
			}
			if len(sub) == 34 && sub[1] == 6 {
				return sub[2:10]
			}
		}
	}
	return nil
}

// cut takes what a big-endian length of size bytes announces.
func cut(data []byte, size int) (part, rest []byte) {
	if len(data) < size {
		return nil, nil
	}
	var wide [8]byte
	copy(wide[8-size:], data[:size])
	length := binary.BigEndian.Uint64(wide[:])
	data = data[size:]
	if length > uint64(len(data)) {
		return nil, nil
	}
	return data[:length:length], data[length:]
}

// cutSubpacket takes what a length of one, two or five bytes announces.
func cutSubpacket(data []byte) (part, rest []byte) {
	switch {
	case len(data) == 0:
		return nil, nil
	case data[0] < 192:
		return cut(data, 1)
	case data[0] == 255:
		return cut(data[1:], 4)
	case data[0] >= 224 || len(data) < 2:
		// A body of parts: no signature of an RPM has one.
		return nil, nil
	}
	length := (int(data[0])-192)<<8 + int(data[1]) + 192
	data = data[2:]
	if length > len(data) {
		return nil, nil
	}
	return data[:length:length], data[length:]
}
