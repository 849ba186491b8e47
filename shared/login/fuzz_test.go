package login

import (
	"encoding/asn1"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func FuzzXFCC(f *testing.F) {
	for _, seed := range []string{
		`Hash=0a1b;Subject="CN=alice,O=Fedora";URI=spiffe://a/b`,
		`By=x;Hash=1,By=y;Hash=2;Subject="CN=\"b\\"`, `Subject=""`, `Cert="-----BEGIN%20CERTIFICATE"`, `;`, `"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		elements, err := parseXFCC(header)
		if err != nil {
			return
		}
		// Written again, it is read the same; so nothing of it was skipped.
		var again []string
		for _, element := range elements {
			var pairs []string
			for key, value := range element {
				pairs = append(pairs, key+`="`+value+`"`)
				if !strings.Contains(header, value) {
					t.Errorf("%q is not in %q", value, header)
				}
			}
			slices.Sort(pairs)
			again = append(again, strings.Join(pairs, ";"))
		}
		read, err := parseXFCC(strings.Join(again, ","))
		if strings.Contains(header, `\`) && err != nil {
			return // an unquoted value may end in a backslash
		}
		if err != nil || len(read) != len(elements) {
			t.Errorf("%q: %v, %v", again, read, err)
		}
	})
}

func FuzzClientCert(f *testing.F) {
	for _, seed := range []string{":YWJj:", "::", ":", "", ":YWJj:, :YWJj:", ":YW Jj:", ":" + strings.Repeat("A", 400) + ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if cert, err := parseClientCert(header); err == nil {
			_, _ = rfc2253Name(cert.RawSubject)
		}
		if chain, err := parseClientCertChain(header); err == nil && len(chain) > chainMost {
			t.Errorf("%d certificates", len(chain))
		}
	})
}

func FuzzSubject(f *testing.F) {
	name, _ := asn1.Marshal([]attributesSET{{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: 12, Bytes: []byte("a,b")}}}})
	f.Add(name)
	f.Add([]byte{0x30, 0x00})
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := rfc2253Name(raw)
		if err != nil {
			return
		}
		// What is escaped cannot pass for another part.
		parts, _ := readSubject(raw)
		want := 0
		for _, part := range parts {
			want += max(0, len(part)-1)
		}
		if n := bare(text, '+'); n != want {
			t.Errorf("%q has %d bare + instead of %d", text, n, want)
		}
		if n := bare(text, ','); n != max(0, len(parts)-1) {
			t.Errorf("%q has %d bare commas with %d parts", text, n, len(parts))
		}
		if _, err := slashName(raw); err != nil {
			t.Error(err)
		}
	})
}

// bare counts c where no backslash is before it.
func bare(s string, c byte) int {
	n := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case c:
			n++
		}
	}
	return n
}

func FuzzWords(f *testing.F) {
	for _, seed := range []string{`"a b"`, `["a","b c"]`, `null`, `7`, `{"a":1}`, `["a",7]`, "\"a\u2028b\"", `""`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, word := range words(json.RawMessage(raw)) {
			if !goodName(word) {
				t.Errorf("%q", word)
			}
		}
	})
}

func FuzzNegotiate(f *testing.F) {
	f.Add([]byte{0x60, 0x06, 0x06, 0x04, 0x2b, 0x06, 0x01, 0x05})
	f.Add([]byte{0x60, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00})
	f.Add([]byte("NTLMSSP\x00\x01\x00\x00\x00"))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		if token, err := readNegotiate(raw); err == nil {
			_, _ = token.reply()
		}
	})
}
