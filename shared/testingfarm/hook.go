package testingfarm

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
)

// MinKey is the shortest key Address and Verify accept, in bytes.
const MinKey = 16

// maxHook is the largest notification read; a real one has some 100 bytes.
const maxHook = 16 << 10

// Address is where Testing Farm shall tell of the request named label:
// <base>/<label>/<mac>. The mac makes the address unguessable, so whoever
// posts there was told it by us. A key shorter than MinKey, or a label that is
// no safe path, gives an empty address: then nothing is told.
func Address(base, label string, key []byte) string {
	if len(key) < MinKey || !safeLabel(label) {
		return ""
	}
	return strings.TrimRight(base, "/") + "/" + label + "/" + mac(label, key)
}

// Verify takes the part of an address after its base apart again and says
// whether we made it. It takes the same time for every wrong mac.
func Verify(path string, key []byte) (label string, ok bool) {
	path = strings.TrimPrefix(path, "/")
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 || len(key) < MinKey {
		return "", false
	}
	label, given := path[:cut], path[cut+1:]
	if !safeLabel(label) || subtle.ConstantTimeCompare([]byte(given), []byte(mac(label, key))) != 1 {
		return "", false
	}
	return label, true
}

func mac(label string, key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(label))
	return hex.EncodeToString(h.Sum(nil))
}

// safeLabel keeps to what no proxy rewrites in a path.
func safeLabel(label string) bool {
	if label == "" || len(label) > 512 {
		return false
	}
	for part := range strings.SplitSeq(label, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
		for _, c := range []byte(part) {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			case strings.IndexByte("-._~+@:=,", c) >= 0:
			default:
				return false
			}
		}
	}
	return true
}

// Hook is a notification: which request changed. It says nothing of how; Look
// does.
type Hook struct {
	RequestID string `json:"request_id"`
	Token     string `json:"token"`
}

// ParseHook reads a notification's body.
func ParseHook(raw []byte) (Hook, error) {
	if len(raw) > maxHook {
		return Hook{}, errors.New("the notification is too long")
	}
	var h Hook
	if err := json.Unmarshal(raw, &h); err != nil {
		return Hook{}, errors.New("the notification is not the JSON expected")
	}
	if !ValidID(h.RequestID) {
		return Hook{}, errors.New("the notification names no request")
	}
	return h, nil
}

// Is compares the token with the one we gave, in constant time. An empty want
// is never right.
func (h Hook) Is(want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(h.Token), []byte(want)) == 1
}
