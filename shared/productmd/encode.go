package productmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Files of a compose's metadata folder, and how each calls itself.
const (
	typeComposeInfo = "productmd.composeinfo"
	typeImages      = "productmd.images"
	typeModules     = "productmd.modules"
	typeRPMs        = "productmd.rpms"
	version         = "1.2"
)

type header struct {
	Type    string `json:"type"`
	Version string `json:"version"`
}

func (h header) check(want string) error {
	switch h.Version {
	case "1.0": // had no type
		return nil
	case "1.1", version:
	default:
		return fmt.Errorf("version %.20q of %s is not read: 1.0 to %s are", h.Version, want, version)
	}
	if h.Type != want {
		return fmt.Errorf("it says it is %.60q, want %q", h.Type, want)
	}
	return nil
}

// encode writes v as Python's json.dumps(indent=4, sort_keys=True) does. The
// fields of the structs in this package stand in the order of their keys.
func encode(w io.Writer, v any) error {
	raw, err := encodeAt(v, "")
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func encodeAt(v any, prefix string) ([]byte, error) {
	var flat, out bytes.Buffer
	enc := json.NewEncoder(&flat)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	raw := bytes.TrimSuffix(flat.Bytes(), []byte("\n"))
	if err := json.Indent(&out, raw, prefix, "    "); err != nil {
		return nil, err
	}
	return ascii(out.Bytes()), nil
}

// ascii writes what is not ASCII as \u escapes, as Python does. In JSON such
// bytes stand only inside strings.
func ascii(raw []byte) []byte {
	i := bytes.IndexFunc(raw, func(r rune) bool { return r >= 0x7f })
	if i < 0 {
		return raw
	}
	out := append(make([]byte, 0, len(raw)+64), raw[:i]...)
	for i < len(raw) {
		r, n := utf8.DecodeRune(raw[i:])
		i += n
		switch {
		case r < 0x7f:
			out = append(out, byte(r)) //nolint:gosec // below 0x7f
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
