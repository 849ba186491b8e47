package foreign

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/repodata"
)

// FuzzSplit feeds documents, also in small pieces, and compares what is
// accepted with what encoding/xml reads of it.
func FuzzSplit(f *testing.F) {
	f.Add(documentOf(repodata.Primary, primaryOf("hello", `<location href="a.rpm"/>`), primaryOf("b", `<location xml:base='http://x/' href="b"/>`)))
	f.Add(documentOf(repodata.Primary))
	f.Add(`<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="0"/>`)
	f.Add("\xef\xbb\xbf<!-- a --><metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\"><package type='rpm'><!-- </package> --></package></metadata >")
	f.Fuzz(func(t *testing.T, document string) {
		read := func(from io.Reader) (packages []string, merged []string, err error) {
			s := &splitter{from: from, kind: repodata.Primary, limit: 1 << 20}
			reader := &primaryReader{base: "https://example.org/"}
			for {
				raw, err := s.next()
				if errors.Is(err, io.EOF) {
					return packages, merged, nil
				}
				if err != nil {
					return nil, nil, err
				}
				p, err := reader.read(raw)
				if err != nil {
					return nil, nil, err
				}
				packages, merged = append(packages, p.Name), append(merged, string(p.Primary))
			}
		}
		names, merged, err := read(strings.NewReader(document))
		pieces, _, piecesErr := read(&pieces{[]byte(document)})
		if (err == nil) != (piecesErr == nil) || err == nil && strings.Join(names, "\n") != strings.Join(pieces, "\n") {
			t.Fatalf("read at once: %q, %v; in pieces: %q, %v", names, err, pieces, piecesErr)
		}
		if err != nil {
			return
		}
		for i, one := range merged {
			var parsed struct {
				XMLName  xml.Name
				Name     string `xml:"http://linux.duke.edu/metadata/common name"`
				Location []struct {
					Base string `xml:"http://www.w3.org/XML/1998/namespace base,attr"`
					Href string `xml:"href,attr"`
				} `xml:"http://linux.duke.edu/metadata/common location"`
			}
			wrapped := string(repodata.Head(repodata.Primary, 1)) + one + string(repodata.Tail(repodata.Primary))
			var outer struct {
				Package []xml.Name `xml:"package"`
			}
			if err := xml.Unmarshal([]byte(wrapped), &outer); err != nil || len(outer.Package) != 1 {
				t.Fatalf("merged document: %v, %d packages: %q", err, len(outer.Package), wrapped)
			}
			decoder := xml.NewDecoder(strings.NewReader(one))
			decoder.DefaultSpace = "http://linux.duke.edu/metadata/common"
			if err := decoder.Decode(&parsed); err != nil {
				t.Fatalf("%v: %q", err, one)
			}
			if parsed.Name != names[i] || len(parsed.Location) != 1 || checkHref(parsed.Location[0].Href) != nil {
				t.Fatalf("%+v, not %q: %q", parsed, names[i], one)
			}
			if _, err := checkBase(parsed.Location[0].Base); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// pieces gives one byte at a time.
type pieces struct{ rest []byte }

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	to[0] = p.rest[0]
	p.rest = p.rest[1:]
	return 1, nil
}

// FuzzScan compares the scanner with encoding/xml: what it accepts must be
// well-formed, with the same texts.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		filelistsOf("hello"), otherOf("hello"), `<a b='"' c="&#x41;&lt;"/>`, "<a><!-- x --><b/>t&amp;t</a>",
		`<rpm:a xmlns:rpm="http://linux.duke.edu/metadata/rpm"/>`,
	} {
		f.Add([]byte(strings.TrimSpace(seed)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		heard := &hearing{}
		if err := scan(raw, heard); err != nil {
			return
		}
		decoder := xml.NewDecoder(bytes.NewReader(raw))
		var text strings.Builder
		elements := 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v: %q", err, raw)
			}
			switch token := token.(type) {
			case xml.StartElement:
				elements++
			case xml.CharData:
				text.Write(token)
			}
		}
		// encoding/xml writes every end of line as \n, as XML asks for.
		if want := strings.ReplaceAll(strings.ReplaceAll(plain(heard.texts), "\r\n", "\n"), "\r", "\n"); elements != heard.elements ||
			strings.ReplaceAll(text.String(), "\r", "\n") != want {
			t.Fatalf("%d elements and %q, not %d and %q: %q", heard.elements, want, elements, text.String(), raw)
		}
	})
}

type hearing struct {
	elements int
	texts    []byte
}

func (h *hearing) start(int, []byte, []attribute, int, int) error { h.elements++; return nil }
func (h *hearing) text(_ int, raw []byte)                         { h.texts = append(h.texts, raw...) }
func (h *hearing) end(int, []byte, int)                           {}
