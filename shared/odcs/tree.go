package odcs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// depthMost is how deep lists may lie in lists.
	depthMost = 16
	// valuesMost is how many values a document may have: each takes much more
	// room than the two bytes it may be written in.
	valuesMost = RPMsMost + 5*ListMost
)

// JSON that is well written and not taken.
var (
	errDepth  = errors.New("lists lie in lists too deep")
	errMore   = errors.New("something follows the document")
	errValues = errors.New("there are too many values")
)

// object is a JSON object whose members are in the order they were written,
// because ODCS complains of the first that is wrong.
type object []member

type member struct {
	key   string
	value any // object, []any, string, json.Number, bool or nil
}

// get gives a member's value.
func (o object) get(key string) (any, bool) {
	for _, m := range o {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

// parse reads one JSON document.
func parse(body []byte) (any, error) {
	d := reader{Decoder: json.NewDecoder(bytes.NewReader(body))}
	d.UseNumber()
	value, err := d.read(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errMore
	}
	return value, nil
}

// reader reads a document value by value.
type reader struct {
	*json.Decoder
	values int
}

func (d *reader) read(depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if d.values++; d.values > valuesMost {
		return nil, errValues
	}
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		return token, nil
	case depth == depthMost:
		return nil, errDepth
	case delim == '{':
		return d.readObject(depth)
	}
	list := []any{}
	for d.More() {
		value, err := d.read(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err = d.Token() // the bracket
	return list, err
}

// readObject keeps of a key that is there twice the first place and the last
// value, as Python does.
func (d *reader) readObject(depth int) (any, error) {
	o := object{}
	at := map[string]int{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := d.read(depth + 1)
		if err != nil {
			return nil, err
		}
		text, _ := key.(string) // the decoder gives keys as strings
		if i, twice := at[text]; twice {
			o[i].value = value
			continue
		}
		at[text] = len(o)
		o = append(o, member{text, value})
	}
	_, err := d.Token() // the brace
	return o, err
}

// reprMost is how much of what was sent is said back, in bytes.
const reprMost = 400

// repr writes a value as Python would, because ODCS's messages do.
func repr(value any) string {
	var b strings.Builder
	write(&b, value)
	if b.Len() <= reprMost {
		return b.String()
	}
	return strings.ToValidUTF8(b.String()[:reprMost], "") + "…"
}

func write(b *strings.Builder, value any) {
	if b.Len() > reprMost {
		return
	}
	switch v := value.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			separate(b, i)
			write(b, m.key)
			b.WriteString(": ")
			write(b, m.value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			separate(b, i)
			write(b, item)
		}
		b.WriteByte(']')
	case string:
		writeString(b, v)
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case nil:
		b.WriteString("None")
	default:
		fmt.Fprint(b, v)
	}
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// writeString prefers single quotes, as Python does.
func writeString(b *strings.Builder, text string) {
	quoted := strconv.Quote(text)
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		b.WriteString(quoted)
		return
	}
	inner := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	b.WriteString("'" + strings.ReplaceAll(inner, "'", `\'`) + "'")
}

// pythonType is the name of a value's type as Python writes it.
func pythonType(value any) string {
	switch value.(type) {
	case nil:
		return "<class 'NoneType'>"
	case object:
		return "<class 'dict'>"
	}
	return "<class 'object'>"
}
