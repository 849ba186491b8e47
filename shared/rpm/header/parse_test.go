package header_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// value is one entry of a hand-made header.
type value struct {
	tag, kind, count uint32
	data             []byte
	// offset, where it is not to be the next free place.
	offset *uint32
}

const (
	int16s = 3
	int32s = 4
	text   = 6
	bin    = 7
	texts  = 8
)

func one(tag uint32, s string) value {
	return value{tag: tag, kind: text, count: 1, data: append([]byte(s), 0)}
}

func many(tag uint32, list ...string) value {
	return value{tag: tag, kind: texts, count: uint32(len(list)), data: []byte(strings.Join(list, "\x00") + "\x00")}
}

func numbers(tag uint32, ns ...uint32) value {
	v := value{tag: tag, kind: int32s, count: uint32(len(ns))}
	for _, n := range ns {
		v.data = binary.BigEndian.AppendUint32(v.data, n)
	}
	return v
}

// block writes one header: intro, index, store.
func block(values ...value) []byte {
	var index, store []byte
	for _, v := range values {
		at := uint32(len(store))
		if v.offset != nil {
			at = *v.offset
		}
		store = append(store, v.data...)
		for _, n := range []uint32{v.tag, v.kind, at, v.count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
	}
	out := []byte("\x8e\xad\xe8\x01\x00\x00\x00\x00")
	out = binary.BigEndian.AppendUint32(out, uint32(len(values)))
	out = binary.BigEndian.AppendUint32(out, uint32(len(store)))
	return append(append(out, index...), store...)
}

// file puts an RPM's head together.
func file(signature, main []byte) []byte {
	out := make([]byte, 96)
	copy(out, "\xed\xab\xee\xdb\x03\x00")
	out = append(out, signature...)
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	return append(out, main...)
}

func at(n uint32) *uint32 { return &n }

func TestWhatAHeaderSaysIsRead(t *testing.T) {
	raw := file(block(one(269, "abc")), block(
		one(1000, "hello"), one(1001, "2.12"), one(1002, "3.fc45"), numbers(1003, 7),
		one(1022, "x86_64"), value{tag: 1030, kind: int16s, count: 2, data: []byte{0x41, 0xed, 0x81, 0xa4}},
		one(1044, "hello-2.12-3.fc45.src.rpm"), many(1117, "bin", "hello", ""), value{tag: 5999, kind: bin, count: 3, data: []byte("xyz")},
	))
	h, err := header.Parse(append(slices.Clone(raw), "payload"...))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := h.NVRA(); err != nil || n.String() != "hello-2.12-3.fc45.x86_64" || n.Epoch != 7 {
		t.Errorf("NVRA = %v epoch %d, %v", n, n.Epoch, err)
	}
	if texts, err := h.Texts(header.BaseNames); err != nil || !slices.Equal(texts, []string{"bin", "hello", ""}) {
		t.Errorf("base names %q, %v", texts, err)
	}
	if modes, err := h.Uint64s(header.FileModes); err != nil || !slices.Equal(modes, []uint64{0x41ed, 0x81a4}) {
		t.Errorf("modes %v, %v", modes, err)
	}
	if raw, err := h.Bin(5999); err != nil || string(raw) != "xyz" {
		t.Errorf("bytes %q, %v", raw, err)
	}
	if sum, err := h.Signature().Text(header.SigSHA1); err != nil || sum != "abc" {
		t.Errorf("signature's SHA-1 %q, %v", sum, err)
	}
	if h.Start() != 136 || h.End() != int64(len(raw)) {
		t.Errorf("the header spans %d to %d, want 136 to %d", h.Start(), h.End(), len(raw))
	}
	if text, err := h.Text(header.Vendor); err != nil || text != "" || h.Has(header.Vendor) {
		t.Errorf("an absent vendor is %q, %v", text, err)
	}
	if _, ok, err := h.Number(header.BuildTime); ok || err != nil {
		t.Errorf("an absent build time is there: %v, %v", ok, err)
	}
}

func TestAnIndexOutOfOrderIsRead(t *testing.T) {
	h, err := header.Parse(file(block(one(269, "abc")), block(one(1044, "s"), one(1000, "hello"), one(1022, "noarch"))))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[header.Tag]string{header.Name: "hello", header.Arch: "noarch", header.SourceRPM: "s"} {
		if got, err := h.Text(tag); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", tag, got, err, want)
		}
	}
}

func TestAShortHeadSaysHowMuchIsNeeded(t *testing.T) {
	raw := file(block(one(269, "abc")), block(one(1000, "hello"), many(1117, "a", "b")))
	for size := range raw {
		var short *header.Short
		_, err := header.Parse(raw[:size])
		if !errors.As(err, &short) {
			t.Fatalf("of %d bytes: %v", size, err)
		}
		if short.Need <= int64(size) || short.Need > int64(len(raw)) {
			t.Errorf("%d bytes need %d of %d", size, short.Need, len(raw))
		}
	}
	// Whoever asks for what is needed is done after three steps.
	var short *header.Short
	size := 0
	for range 3 {
		_, err := header.Parse(raw[:size])
		if !errors.As(err, &short) {
			t.Fatal(err)
		}
		size = int(short.Need)
	}
	if _, err := header.Parse(raw[:size]); err != nil {
		// The index's intro, its end, the main intro, its end.
		if !errors.As(err, &short) {
			t.Fatal(err)
		}
		if _, err := header.Parse(raw[:short.Need]); err != nil {
			t.Error(err)
		}
	}
}

func TestALyingHeaderIsRefusedByTagAndReason(t *testing.T) {
	plain := block(one(269, "abc"))
	huge := bytes.Clone(block(one(1000, "hello")))
	binary.BigEndian.PutUint32(huge[12:], 0xfffffff0)
	crowd := bytes.Clone(huge)
	binary.BigEndian.PutUint32(crowd[8:], 0x7fffffff)
	region := func(back uint32, tag uint32) value {
		v := numbers(63, tag, bin, -back, 16)
		return value{tag: 63, kind: bin, count: 16, data: v.data}
	}
	// The region's value is stored last but listed first.
	regional := func(r value, others ...value) []byte {
		size := uint32(0)
		offsets := make([]uint32, len(others))
		for i, o := range others {
			offsets[i] = size
			size += uint32(len(o.data))
		}
		all := []value{{tag: r.tag, kind: r.kind, count: r.count, offset: at(size)}}
		for i, o := range others {
			if o.offset == nil {
				o.offset = at(offsets[i])
			}
			all = append(all, o)
		}
		raw := block(all...)
		binary.BigEndian.PutUint32(raw[12:], size+uint32(len(r.data)))
		return append(raw, r.data...)
	}
	if _, err := header.Parse(file(plain, regional(region(32, 63), one(1000, "hello")))); err != nil {
		t.Fatalf("a true region: %v", err)
	}
	tests := map[string]struct {
		raw  []byte
		ask  func(h header.Header) error
		want string
	}{
		"no lead":                 {raw: []byte("<html>no such file</html>"), want: "begins with 3c68746d"},
		"no main header":          {raw: file(plain, make([]byte, 64)), want: "main header begins with 00000000"},
		"no tags":                 {raw: file(plain, block()), want: "claims 0 tags"},
		"millions of tags":        {raw: file(plain, crowd), want: "claims 2147483647 tags"},
		"gigabytes of store":      {raw: file(plain, huge), want: "beyond the first 67108864 bytes"},
		"a type of its own":       {raw: file(plain, block(value{tag: 1000, kind: 12, count: 1, data: []byte{1}})), want: "tag 1000 (name) of the main header is of type 12"},
		"no value":                {raw: file(plain, block(value{tag: 1000, kind: text})), want: "tag 1000 (name) of the main header has no value"},
		"two of a single text":    {raw: file(plain, block(value{tag: 1000, kind: text, count: 2, data: []byte("a\x00b\x00")})), want: "is one text but counts 2"},
		"beyond the store":        {raw: file(plain, block(value{tag: 1009, kind: int32s, count: 2, data: make([]byte, 7)})), want: "tag 1009 of the main header lies at 0 to 8 of a store of 7 bytes"},
		"a negative place":        {raw: file(plain, block(value{tag: 1000, kind: text, count: 1, data: []byte("a\x00"), offset: at(0xfffffff0)})), want: "lies at 4294967280"},
		"a count that overflows":  {raw: file(plain, block(value{tag: 1009, kind: 5, count: 0xffffffff, data: make([]byte, 8)})), want: "lies at 0 to 34359738360"},
		"one value in another":    {raw: file(plain, block(numbers(1003, 1, 2), value{tag: 1009, kind: int32s, count: 1, data: make([]byte, 4), offset: at(4)})), want: "tag 1009 of the main header overlaps tag 1003 (epoch)"},
		"a tag twice":             {raw: file(plain, block(one(1000, "a"), one(1000, "b"))), want: "tag 1000 (name) of the main header is there twice"},
		"a text without end":      {raw: file(plain, block(value{tag: 1000, kind: text, count: 1, data: []byte("hello")})), ask: readName, want: "has 1 texts, of which 0 end"},
		"a text into the next":    {raw: file(plain, block(value{tag: 1000, kind: text, count: 1, data: []byte("hello")}, one(1001, "1"))), ask: readName, want: "has 1 texts, of which 0 end"},
		"fewer texts than said":   {raw: file(plain, block(value{tag: 1000, kind: texts, count: 3, data: []byte("a\x00b\x00cc")})), ask: readName, want: "has 3 texts, of which 2 end"},
		"a number for a text":     {raw: file(plain, block(numbers(1000, 1))), ask: readName, want: "tag 1000 (name) of the main header is of type 4, no text"},
		"a text for a number":     {raw: file(plain, block(one(1003, "1"))), ask: readEpoch, want: "is of type 6, no number"},
		"a region that is a text": {raw: file(plain, regional(value{tag: 63, kind: text, count: 16, data: make([]byte, 16)}, one(1000, "a"))), want: "spans no region"},
		"a region too large":      {raw: file(plain, regional(region(48, 63), one(1000, "a"))), want: "spans a region of 48 of the index's 32 bytes"},
		"a region forwards":       {raw: file(plain, regional(region(0xfffffff0, 63), one(1000, "a"))), want: "spans a region of -16"},
		"another region's end":    {raw: file(plain, regional(region(32, 1000), one(1000, "a"))), want: "ends with tag 1000"},
		"a value in the region's end": {
			raw:  file(plain, regional(region(32, 63), value{tag: 1003, kind: int32s, count: 2, data: make([]byte, 4)})),
			want: "overlaps the end of the header's region",
		},
		"a text into the region's end": {
			raw: file(plain, regional(region(32, 63), value{tag: 1000, kind: text, count: 1, data: []byte("hello")})),
			ask: readName, want: "has 1 texts, of which 0 end",
		},
		"a digest of another header": {
			raw: file(block(one(273, strings.Repeat("0", 64))), block(one(1000, "a"))),
			ask: func(h header.Header) error { _, err := h.Identity(); return err }, want: "its signature header says",
		},
		"a path for a name": {
			raw: file(plain, block(one(1000, "../../etc"), one(1001, "1"), one(1002, "1"), one(1022, "noarch"), one(1044, "s"))),
			ask: func(h header.Header) error { _, err := h.NVRA(); return err }, want: "make no package's name",
		},
		"a version with a dash": {
			raw: file(plain, block(one(1000, "a"), one(1001, "1-2"), one(1002, "1"), one(1022, "noarch"), one(1044, "s"))),
			ask: func(h header.Header) error { _, err := h.NVRA(); return err }, want: "make no package's name",
		},
		"a signature of noise": {
			raw: file(block(value{tag: 268, kind: bin, count: 3, data: []byte("xyz")}), block(one(1000, "a"))),
			ask: func(h header.Header) error { _, err := h.SigKey(); return err }, want: "without its key's id",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, err := header.Parse(test.raw)
			if test.ask != nil {
				if err != nil {
					t.Fatalf("Parse: %v", err)
				}
				err = test.ask(h)
			}
			if !errors.Is(err, header.ErrBroken) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func readName(h header.Header) error  { _, err := h.Text(header.Name); return err }
func readEpoch(h header.Header) error { _, _, err := h.Number(header.Epoch); return err }

func TestTheKeyOfASignatureIsRead(t *testing.T) {
	sub := func(kind byte, data ...byte) []byte { return append([]byte{byte(len(data) + 1), kind}, data...) }
	v4 := func(hashed, plain []byte) []byte {
		body := []byte{4, 0, 1, 8}
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(hashed))), hashed...)
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(plain))), plain...)
		return append(body, 0xab, 0xcd, 0, 1, 1)
	}
	old := func(body []byte) []byte {
		return append([]byte{0x80 | 2<<2 | 1, byte(len(body) >> 8), byte(len(body))}, body...)
	}
	id := []byte{1, 2, 3, 4, 0xDE, 0xAD, 0xBE, 0xEF}
	fingerprint := append(append([]byte{4}, make([]byte, 12)...), id...)
	tests := map[string]struct {
		packet []byte
		want   string
	}{
		"by issuer":                     {old(v4(sub(2, 0, 0, 0, 1), sub(16, id...))), "deadbeef"},
		"by fingerprint":                {old(v4(sub(33, fingerprint...), nil)), "deadbeef"},
		"version 3":                     {old(append([]byte{3, 5, 0, 0, 0, 0, 0}, append(bytes.Clone(id), 1, 8, 0, 0)...)), "deadbeef"},
		"in a packet of the new format": {append([]byte{0xc2, byte(len(v4(nil, sub(16, id...))))}, v4(nil, sub(16, id...))...), "deadbeef"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, err := header.Parse(file(block(value{tag: 268, kind: bin, count: uint32(len(test.packet)), data: test.packet}), block(one(1000, "a"))))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := h.SigKey(); err != nil || got != test.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	h, err := header.Parse(file(block(one(269, "abc")), block(one(1000, "a"))))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := h.SigKey(); key != "" || err != nil {
		t.Errorf("an unsigned package has key %q, %v", key, err)
	}
}
