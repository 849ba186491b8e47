package xmlrpc_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

var seeds = []string{
	reply("<value><nil/></value>"),
	reply("<value><array><data><value><int>1</int></value><value>a</value><value/></data></array></value>"),
	reply("<value><struct><member><name>a</name><value><string>&lt;b&#10;</string></value></member></struct></value>"),
	reply("<value><array><data><value><struct><member><name>x</name><value><double>1.5</double></value></member></struct></value><value><i8>9</i8></value></data></array></value>"),
	reply("<value><base64>aGVsbG8=\n</base64></value>"),
	"<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member></struct></value></fault></methodResponse>",
}

// naive reads a reply with encoding/xml, straight from the specification: slow,
// plain, and written apart from the reader under test.
type naive struct{ dec *xml.Decoder }

var errNaive = errors.New("not a reply")

// element gives the next element or, at the closing tag, false. Text between is
// given too.
func (n naive) element() (name, text string, opened bool, err error) {
	var b strings.Builder
	for {
		token, err := n.dec.Token()
		if err != nil {
			return "", b.String(), false, err
		}
		switch v := token.(type) {
		case xml.StartElement:
			if len(v.Attr) > 0 || v.Name.Space != "" {
				return "", "", false, errNaive
			}
			return v.Name.Local, b.String(), true, nil
		case xml.EndElement:
			return v.Name.Local, b.String(), false, nil
		case xml.CharData:
			b.Write(v)
		case xml.Directive:
			return "", "", false, errNaive
		}
	}
}

func (n naive) open(want string) error {
	name, text, opened, err := n.element()
	if err != nil || !opened || name != want || strings.TrimSpace(text) != "" {
		return errNaive
	}
	return nil
}

func (n naive) shut() (string, error) {
	_, text, opened, err := n.element()
	if err != nil || opened {
		return "", errNaive
	}
	return text, nil
}

func (n naive) shutBare() error {
	text, err := n.shut()
	if err != nil || strings.TrimSpace(text) != "" {
		return errNaive
	}
	return nil
}

// value reads what is inside <value>, and its closing tag.
func (n naive) value() (any, error) {
	kind, text, opened, err := n.element()
	if err != nil {
		return nil, err
	}
	if !opened {
		return text, nil
	}
	if strings.TrimSpace(text) != "" {
		return nil, errNaive
	}
	out, err := n.typed(kind)
	if err != nil {
		return nil, err
	}
	return out, n.shutBare()
}

func (n naive) typed(kind string) (any, error) {
	switch kind {
	case "array":
		if err := n.open("data"); err != nil {
			return nil, err
		}
		list := []any{}
		for {
			name, text, opened, err := n.element()
			if err != nil || strings.TrimSpace(text) != "" {
				return nil, errNaive
			}
			if !opened {
				return list, n.shutBare()
			}
			if name != "value" {
				return nil, errNaive
			}
			item, err := n.value()
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
	case "struct":
		members := map[string]any{}
		for {
			name, text, opened, err := n.element()
			if err != nil || strings.TrimSpace(text) != "" {
				return nil, errNaive
			}
			if !opened {
				return members, nil
			}
			if name != "member" || n.open("name") != nil {
				return nil, errNaive
			}
			key, err := n.shut()
			if err != nil || n.open("value") != nil {
				return nil, errNaive
			}
			if members[key], err = n.value(); err != nil || n.shutBare() != nil {
				return nil, errNaive
			}
		}
	}
	text, err := n.shut()
	if err != nil {
		return nil, err
	}
	return scalar(kind, text)
}

func scalar(kind, text string) (any, error) {
	bare := strings.Trim(text, " \t\r\n")
	switch kind {
	case "nil":
		if bare != "" {
			return nil, errNaive
		}
		return nil, nil
	case "string":
		return text, nil
	case "int", "i4", "i8":
		return strconv.ParseInt(bare, 10, 64)
	case "boolean":
		if bare != "0" && bare != "1" {
			return nil, errNaive
		}
		return bare == "1", nil
	case "double":
		return strconv.ParseFloat(bare, 64)
	case "base64":
		return xmlrpc.DecodeBase64([]byte(text))
	}
	return nil, errNaive
}

func readNaively(document string) (any, error) {
	n := naive{xml.NewDecoder(strings.NewReader(document))}
	for _, name := range []string{"methodResponse", "params", "param", "value"} {
		if err := n.open(name); err != nil {
			return nil, err
		}
	}
	value, err := n.value()
	if err != nil {
		return nil, err
	}
	for range 3 {
		if err := n.shutBare(); err != nil {
			return nil, err
		}
	}
	if _, rest, _, err := n.element(); !errors.Is(err, io.EOF) || strings.TrimSpace(rest) != "" {
		return nil, errNaive
	}
	return value, nil
}

// FuzzReply compares with two other readers: what the plain one reads, ours
// reads with the same outcome; and what kolo's and ours both read as a tree is
// the same but for kolo's known weak points.
func FuzzReply(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		got, err := read(document)
		want, naiveErr := readNaively(document)
		var fault *xmlrpc.Fault
		switch {
		case naiveErr == nil && err != nil && !ours(document):
			t.Fatalf("refused: %v\nthe plain reader reads %#v", err, want)
		case naiveErr == nil && err == nil && !cmp.Equal(want, got, cmp.Comparer(sameFloat)):
			t.Fatalf("read %#v, the plain reader %#v", got, want)
		case errors.As(err, &fault), err != nil || naiveErr != nil:
			return
		}
		var tree any
		if kolo.Response(document).Unmarshal(&tree) == nil && !weak(document) && !cmp.Equal(tree, got, cmp.Comparer(sameFloat)) {
			t.Fatalf("read %#v, kolo %#v", got, tree)
		}
	})
}

// sameFloat takes two that are no numbers for the same.
func sameFloat(a, b float64) bool { return a == b || (a != a && b != b) }

// ours tells of documents we refuse on purpose though XML allows them: nested
// too deep, with CDATA, or with a name or tag too long.
func ours(document string) bool {
	return strings.Contains(document, "<!") || strings.Contains(document, "&") ||
		strings.Count(document, "<array") > 50 || strings.Count(document, "<struct") > 50 ||
		strings.Contains(document, "<:") || strings.Contains(document, ":") || len(document) > 1<<20
}

// weak tells of what kolo reads otherwise: empty strings, white space, base64
// (left as text), comments, and {} (nil).
func weak(document string) bool {
	for _, piece := range []string{"base64", "<!", "<?", "\r", "<string></", "<string/", "<value/", "<value></", "<struct></", "<struct/", "<data></", "<data/", "<name/", "<name></"} {
		if strings.Contains(document[min(len(document), 21):], piece) {
			return true
		}
	}
	return strings.Contains(document, "<value>") && strings.ContainsAny(document, "\n\t ")
}

func FuzzCall(f *testing.F) {
	raw, err := xmlrpc.Encode("build", "a", map[string]any{"scratch": true}, xmlrpc.Kwargs{"x": 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("<methodCall><methodName>x</methodName><params><param></param></params></methodCall>"))
	f.Fuzz(func(_ *testing.T, document []byte) {
		_, _, _ = xmlrpc.ReadCall(bytes.NewReader(document), 1<<20)
	})
}
