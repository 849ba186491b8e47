package pagure

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the signature of old Pagures; taken only where configured
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
)

// The headers of a web hook that carry its signature: bare hexadecimal digits.
const (
	SignatureSHA256 = "X-Pagure-Signature-256"
	SignatureSHA1   = "X-Pagure-Signature"
)

// ErrSignature tells that a call is not from who it says.
var ErrSignature = errors.New("the signature of the web hook does not fit")

// Keys are what web hooks may be signed with.
type Keys struct {
	// Secrets are the web hook keys of the projects, and while one is being
	// changed its old one too. Empty ones never fit.
	Secrets []string
	// SHA1 takes the older signature where the newer is missing: for an old
	// Pagure that sends no other.
	SHA1 bool
}

// Verify tells whether body was signed with one of keys, in constant time.
func Verify(header http.Header, body []byte, keys Keys) error {
	given, newHash := header.Get(SignatureSHA256), sha256.New
	if given == "" && keys.SHA1 {
		given, newHash = header.Get(SignatureSHA1), sha1.New
	}
	signature, err := hex.DecodeString(given)
	if err != nil || given == "" {
		return ErrSignature
	}
	for _, secret := range keys.Secrets {
		if secret != "" && hmac.Equal(signature, mac(newHash, secret, body)) {
			return nil
		}
	}
	return ErrSignature
}

// Sign is the signature a Pagure puts into SignatureSHA256.
func Sign(secret string, body []byte) string {
	return hex.EncodeToString(mac(sha256.New, secret, body))
}

func mac(newHash func() hash.Hash, secret string, body []byte) []byte {
	h := hmac.New(newHash, []byte(secret))
	h.Write(body)
	return h.Sum(nil)
}
