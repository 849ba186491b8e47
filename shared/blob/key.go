package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const (
	// KeyMax is the longest key, in bytes: the limit of S3.
	KeyMax = 1024
	// SegmentMax is the longest part of a key between slashes, in bytes: the
	// limit of servers that keep objects as files.
	SegmentMax = 255
	// segmentCut is where Segment stops keeping a text whole, so that a key
	// may hold several.
	segmentCut = 200
	cutMark    = "~~"
)

// Key joins segments with slashes and checks the outcome. Text from outside
// goes through Segment first.
func Key(segments ...string) (string, error) {
	for _, s := range segments {
		if strings.Contains(s, "/") {
			return "", fmt.Errorf("key segment %.80q: holds a slash", s)
		}
	}
	key := strings.Join(segments, "/")
	return key, CheckKey(key)
}

// CheckKey tells what is wrong with key, if anything. A good key means the
// same to every server: at most 1024 bytes of [A-Za-z0-9._~+-] in segments of
// at most 255, none of them empty, "." or "..". (Of three servers tried with
// "..", one rewrote it, one refused it and one took it for a name.)
func CheckKey(key string) error {
	if len(key) > KeyMax {
		return fmt.Errorf("key %.80q…: longer than %d bytes", key, KeyMax)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if err := checkSegment(segment); err != nil {
			return fmt.Errorf("key %.80q: %w", key, err)
		}
	}
	return nil
}

func checkSegment(s string) error {
	switch {
	case s == "":
		return errors.New("has an empty segment")
	case s == "." || s == "..":
		return errors.New("has a segment that means a directory")
	case len(s) > SegmentMax:
		return fmt.Errorf("has a segment longer than %d bytes", SegmentMax)
	}
	for i := range len(s) {
		if !plain(s[i]) && s[i] != '~' && s[i] != '+' {
			return fmt.Errorf("has the byte %q, which not every server takes", s[i])
		}
	}
	return nil
}

// plain tells which bytes stand for themselves in a segment.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '.' || c == '_' || c == '-'
}

// Segment makes one key segment of any text. Bytes outside [A-Za-z0-9._-], and
// a dot in front, become ~ and two hex digits; the empty text becomes "~".
// Different texts get different segments, and Unsegment gives the text back,
// unless the outcome would exceed 200 bytes: then it is cut, and "~~" with the
// start of the text's SHA-256 is appended.
func Segment(text string) string {
	if text == "" {
		return "~"
	}
	var b strings.Builder
	for i := range len(text) {
		piece := text[i : i+1]
		if !plain(text[i]) || i == 0 && text[i] == '.' {
			piece = "~" + hex.EncodeToString([]byte(piece))
		}
		if b.Len()+len(piece) > segmentCut {
			return cut(b.String(), text)
		}
		b.WriteString(piece)
	}
	return b.String()
}

func cut(escaped, text string) string {
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:16])
	keep := segmentCut - len(cutMark) - len(digest)
	// Not inside an escape: "~2" would be no text at all.
	if at := strings.LastIndexByte(escaped[:keep], '~'); at > keep-3 {
		keep = at
	}
	return escaped[:keep] + cutMark + digest
}

// Unsegment gives back the text that Segment made s of. It is an error if s
// was cut or does not come from Segment.
func Unsegment(s string) (string, error) {
	if s == "~" {
		return "", nil
	}
	if strings.Contains(s, cutMark) {
		return "", fmt.Errorf("segment %.80q was cut: its text is not in it", s)
	}
	parts := strings.Split(s, "~")
	text := []byte(parts[0])
	for _, part := range parts[1:] {
		if len(part) < 2 {
			return "", fmt.Errorf("segment %.80q: escape cut short", s)
		}
		raw, err := hex.DecodeString(part[:2])
		if err != nil {
			return "", fmt.Errorf("segment %.80q: escape: %w", s, err)
		}
		text = append(append(text, raw...), part[2:]...)
	}
	if Segment(string(text)) != s {
		return "", fmt.Errorf("segment %.80q: not in its one proper form", s)
	}
	return string(text), nil
}
