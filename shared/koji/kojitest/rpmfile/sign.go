package rpmfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// Tags of signatures (rpm's rpmtag.h).
const (
	sigDSA       = 267
	sigRSA       = 268
	sigSHA1      = 269
	sigSHA256    = 273
	sigSize      = 1000
	sigPGP       = 1002
	sigGPG       = 1005
	sigPayload   = 1007
	sigReserved  = 1008
	packetMarker = 0x89 // a signature, with a length of two bytes (RFC 4880, 4.2)
)

// Sign copies a package file with a signature of a key, of which eight hex
// digits are known. The main header and the payload stay as they are, as when
// Koji writes a signed copy. The signature is one in form only, because nobody
// has the key: rpm reads it, says by which key it is, and that it does not have
// that key. It gives the signature header, which Koji keeps apart, with the zeros
// after it.
func Sign(src io.Reader, dst io.Writer, key string) ([]byte, error) {
	id, err := hex.DecodeString(key)
	if err != nil || len(id) != 4 {
		return nil, fmt.Errorf("sign with %q: a key is eight hex digits", key)
	}
	var read bytes.Buffer
	info, err := Read(io.TeeReader(src, &read))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signed := header{region: info.signatures.region}
	for _, e := range info.signatures.entries {
		if !slices.Contains([]uint32{sigDSA, sigRSA, sigPGP, sigGPG, sigReserved}, e.tag) {
			signed.entries = append(signed.entries, e)
		}
	}
	packet := packet(id, info, read.Bytes()[info.Start:])
	signed.add(sigRSA, binary8, len(packet), packet)
	// rpm keeps room for a signature, so that signing moves nothing.
	if room := info.signatures.find(sigReserved); len(room.data) > len(packet)+regionSize {
		signed.add(sigReserved, binary8, len(room.data)-len(packet)-16, room.data[:len(room.data)-len(packet)-16])
	}
	raw := signed.encode()
	raw = append(raw, make([]byte, (8-len(raw)%8)%8)...)
	out := slices.Concat(read.Bytes()[:leadSize], raw, read.Bytes()[info.Start:])
	if _, err := dst.Write(out); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return raw, nil
}

// packet is a version 4 signature of RFC 4880, 5.2.3, by RSA over SHA-256 of the
// main header. The digest in it is right, or rpm would call it bad before it
// looks for the key; the number where the signature should be is made up.
func packet(key []byte, info Info, main []byte) []byte {
	hashed := binary.BigEndian.AppendUint32([]byte{5, 2}, uint32(info.BuildTime)) // when
	other := append([]byte{9, 16, 0, 0, 0, 0}, key...)                            // by whom
	body := []byte{4, 0, 1, 8, 0, byte(len(hashed))}
	body = append(body, hashed...)
	trailer := binary.BigEndian.AppendUint32([]byte{4, 0xff}, uint32(len(body)))
	sum := sha256.Sum256(slices.Concat(main, body, trailer))
	body = append(body, 0, byte(len(other)))
	body = append(body, other...)
	body = append(body, sum[0], sum[1])
	number := bytes.Repeat(sum[:], 8) // 2048 bits
	number[0] |= 0x80
	body = binary.BigEndian.AppendUint16(body, 2048)
	body = append(body, number...)
	return append(binary.BigEndian.AppendUint16([]byte{packetMarker}, uint16(len(body))), body...)
}
