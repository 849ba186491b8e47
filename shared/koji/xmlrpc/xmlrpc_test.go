package xmlrpc_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

func reply(value string) string {
	return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n" + value + "</param>\n</params>\n</methodResponse>\n"
}

func read(document string) (value any, err error) {
	err = xmlrpc.ReadReply(strings.NewReader(document), 1<<20, func(r *xmlrpc.Reader) { value = r.Any() })
	return value, err
}

func TestValuesOfAHub(t *testing.T) {
	for text, want := range map[string]any{
		"<value><nil/></value>":                        nil,
		"<value><nil></nil></value>":                   nil,
		"<value><int>-7</int></value>":                 int64(-7),
		"<value><i8>5368709120</i8></value>":           int64(5368709120),
		"<value><double>1686218181.5</double></value>": 1686218181.5,
		"<value><boolean>1</boolean></value>":          true,
		"<value><boolean>0</boolean></value>":          false,
		"<value><string></string></value>":             "",
		"<value><string/></value>":                     "",
		"<value/>":                                     "",
		"<value></value>":                              "",
		"<value> a </value>":                           " a ",
		"<value>\n <string> b </string>\n</value>":     " b ",
		"<value><string>&lt;&amp;&gt;&#233;&#x65e5;&quot;&apos;</string></value>":                          "<&>é日\"'",
		"<value><string>a\r\nb\rc</string></value>":                                                        "a\nb\nc",
		"<value><string>a\x01\xffb</string></value>":                                                       "a\uFFFD\uFFFDb",
		"<value><string>a<!-- no -->b</string></value>":                                                    "ab",
		"<value><!-- no --><int>3</int></value>":                                                           int64(3),
		"<value>a<!-- no -->b</value>":                                                                     "ab",
		"<value><base64>aGVs\nbG8=\n</base64></value>":                                                     []byte("hello"),
		"<value><array><data>\n</data></array></value>":                                                    []any{},
		"<value><array><data/></array></value>":                                                            []any{},
		"<value><struct>\n</struct></value>":                                                               map[string]any{},
		"<value><struct/></value>":                                                                         map[string]any{},
		"<value><array><data><value><nil/></value><value><string></string></value></data></array></value>": []any{nil, ""},
		"<value><struct><member><name>4</name><value><array><data><value><int>1</int></value></data></array></value></member>" +
			"<member>\n<name>a&amp;b</name>\n<value>x</value>\n</member></struct></value>": map[string]any{"4": []any{int64(1)}, "a&b": "x"},
	} {
		got, err := read(reply(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestBrokenDocumentsAreRefused(t *testing.T) {
	deep := strings.Repeat("<value><array><data>", 100) + strings.Repeat("</data></array></value>", 100)
	for _, text := range []string{
		"<value><int>x</int></value>", "<value><int></int></value>", "<value><boolean>2</boolean></value>",
		"<value><int>99999999999999999999</int></value>", "<value><date>1</date></value>", "<value><int>1</value></int>",
		"<value>a<int>1</int></value>", "<value><int>1</int>a</value>", "<value><array></array></value>",
		"<value><struct><member><value>1</value></member></struct></value>", "<value><string>&foo;</string></value>",
		"<value><string>a & b</string></value>", "<value><string>a < b</string></value>", "<nothing/>", "", deep,
		"<value><string><![CDATA[x]]></string></value>", "<value a='b'>x</value>", "<value><int>1</int></value><value/>",
		"<value><base64>!</base64></value>",
	} {
		if got, err := read(reply(text)); !errors.Is(err, xmlrpc.ErrMalformed) {
			t.Errorf("%s: %v, %v", text[:min(len(text), 80)], got, err)
		}
	}
	if _, err := read("<!DOCTYPE x>" + reply("<value/>")); !errors.Is(err, xmlrpc.ErrMalformed) {
		t.Errorf("a document type: %v", err)
	}
	if _, err := read(reply("<value/>") + "<more/>"); !errors.Is(err, xmlrpc.ErrMalformed) {
		t.Errorf("something after the end: %v", err)
	}
}

func TestADocumentCutOffAnywhereIsAnError(t *testing.T) {
	whole := strings.TrimSpace(reply("<value><struct><member><name>a</name><value><string>b</string></value></member></struct></value>"))
	for n := range len(whole) {
		if got, err := read(whole[:n]); err == nil {
			t.Fatalf("cut at %d it was read as %v", n, got)
		}
	}
}

func TestAFaultIsAnError(t *testing.T) {
	_, err := read(`<?xml version='1.0'?><methodResponse><fault><value><struct>
<member><name>faultCode</name><value><int>1000</int></value></member>
<member><name>faultString</name><value><string>No such task: 7</string></value></member>
</struct></value></fault></methodResponse>`)
	var fault *xmlrpc.Fault
	if !errors.As(err, &fault) || *fault != (xmlrpc.Fault{Code: 1000, Text: "No such task: 7"}) {
		t.Errorf("%v", err)
	}
}

func TestWhatTheReaderFailsWithIsKept(t *testing.T) {
	broken := errors.New("the line is dead")
	src := io.MultiReader(strings.NewReader("<methodResponse><par"), iotest.ErrReader(broken))
	if err := xmlrpc.ReadReply(src, 1<<20, func(*xmlrpc.Reader) {}); !errors.Is(err, broken) || errors.Is(err, xmlrpc.ErrMalformed) {
		t.Errorf("%v", err)
	}
	long := reply("<value><string>" + strings.Repeat("x", 200_000) + "</string></value>")
	err := xmlrpc.ReadReply(strings.NewReader(long), 100_000, func(r *xmlrpc.Reader) { r.Skip() })
	if !errors.Is(err, xmlrpc.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestTheSizeOfThePiecesDoesNotMatter(t *testing.T) {
	text := reply("<value><array><data><value><string>&amp;" + strings.Repeat("é\r\n", 50_000) +
		"</string></value><value><int>12</int></value></data></array></value>")
	want, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		var got any
		err := xmlrpc.ReadReply(wrap(strings.NewReader(text)), 1<<20, func(r *xmlrpc.Reader) { got = r.Any() })
		if err != nil || !cmp.Equal(want, got) {
			t.Error(err)
		}
	}
}

func TestWhatIsNotAskedForIsPassedOver(t *testing.T) {
	var ids []int64
	var name string
	err := xmlrpc.ReadReply(strings.NewReader(reply(
		`<value><array><data>
<value><struct><member><name>skip</name><value><array><data><value><struct></struct></value></data></array></value></member>
<member><name>id</name><value><int>1</int></value></member></struct></value>
<value><struct><member><name>id</name><value><string>2</string></value></member><member><name>name</name><value><nil/></value></member></struct></value>
<value><int>3</int></value></data></array></value>`)), 1<<20, func(r *xmlrpc.Reader) {
		for i := range r.Items() {
			if i == 2 {
				break // the third is left
			}
			for member := range r.Members() {
				switch member {
				case "id":
					ids = append(ids, r.Int())
				case "name":
					if r.Nil() {
						name = "nil"
					}
				}
			}
		}
	})
	if err != nil || !cmp.Equal(ids, []int64{1, 2}) || name != "nil" {
		t.Errorf("%v %q %v", ids, name, err)
	}
}

func TestAnotherKindThanAskedForIsAnError(t *testing.T) {
	for name, ask := range map[string]func(*xmlrpc.Reader){
		"a number of a list":   func(r *xmlrpc.Reader) { r.Int() },
		"a string of a list":   func(r *xmlrpc.Reader) { r.Text() },
		"bytes of a list":      func(r *xmlrpc.Reader) { r.Bytes() },
		"a truth of a list":    func(r *xmlrpc.Reader) { r.Bool() },
		"a fraction of a list": func(r *xmlrpc.Reader) { r.Float() },
		"members of a list": func(r *xmlrpc.Reader) {
			for range r.Members() {
				t.Error("a member of a list")
			}
		},
	} {
		err := xmlrpc.ReadReply(strings.NewReader(reply("<value><array><data></data></array></value>")), 1<<20, ask)
		if !errors.Is(err, xmlrpc.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACallComesAsItWasMade(t *testing.T) {
	raw, err := xmlrpc.Encode("build", "git+https://h/a.git#1", int64(1)<<40, true, 1.5, []byte("x"), []string{"a"},
		map[string]any{"label": "<&>\n", "list": []any{"", int64(2)}}, xmlrpc.Kwargs{"strict": false})
	if err != nil {
		t.Fatal(err)
	}
	method, params, err := xmlrpc.ReadCall(bytes.NewReader(raw), 1<<20)
	want := []any{
		"git+https://h/a.git#1", int64(1) << 40, true, 1.5, []byte("x"),
		[]any{"a"},
		map[string]any{"label": "<&>\n", "list": []any{"", int64(2)}},
		map[string]any{"strict": false, "__starstar": true},
	}
	if diff := cmp.Diff(want, params); err != nil || method != "build" || diff != "" {
		t.Errorf("%s %v\n%s", method, err, diff)
	}
}

func TestNilAndWhatCannotBeWrittenAreNotSent(t *testing.T) {
	for name, arg := range map[string]any{
		"nil": nil, "nil in a list": []any{nil}, "nil in a struct": map[string]any{"a": nil}, "a nil keyword": xmlrpc.Kwargs{"a": nil},
		"a struct": struct{}{}, "a pointer": new(int), "an unsafe name": map[string]any{"a<b": 1}, "no name": map[string]any{"": 1},
	} {
		if raw, err := xmlrpc.Encode("x", "first", arg); err == nil {
			t.Errorf("%s became %s", name, raw)
		}
	}
}
