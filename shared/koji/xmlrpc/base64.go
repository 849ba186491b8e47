package xmlrpc

import (
	"encoding/base64"
	"fmt"

	kolo "github.com/kolo/xmlrpc"
)

func encodeBase64(raw []byte) kolo.Base64 {
	return kolo.Base64(base64.StdEncoding.EncodeToString(raw))
}

// DecodeBase64 reads base64 as Python writes it: with a line break after every
// 76 characters.
func DecodeBase64(text []byte) ([]byte, error) {
	tight := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case '\n', '\r', ' ', '\t':
		default:
			tight = append(tight, c)
		}
	}
	n, err := base64.StdEncoding.Decode(tight, tight) // in place: it only shrinks
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	return tight[:n], nil
}
