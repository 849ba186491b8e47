package blob_test

import (
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/blob"
)

func TestSegment(t *testing.T) {
	for text, want := range map[string]string{
		"":               "~",
		"kernel-6.12":    "kernel-6.12",
		"rpms/gtk+":      "rpms~2fgtk~2b",
		"..":             "~2e.",
		".hidden":        "~2ehidden",
		"a.b":            "a.b",
		"~":              "~7e",
		"\x00":           "~00",
		"ü":              "~c3~bc",
		"1.0~rc1^git":    "1.0~7erc1~5egit",
		"<script>":       "~3cscript~3e",
		"a/../../secret": "a~2f..~2f..~2fsecret",
	} {
		if got := blob.Segment(text); got != want {
			t.Errorf("Segment(%q) = %q, want %q", text, got, want)
		}
		if back, err := blob.Unsegment(want); err != nil || back != text {
			t.Errorf("Unsegment(%q) = %q, %v, want %q", want, back, err, text)
		}
	}
}

func TestLongTextIsCutButStaysDistinct(t *testing.T) {
	whole := strings.Repeat("x", 200)
	if got := blob.Segment(whole); got != whole {
		t.Errorf("200 plain bytes became %q", got)
	}
	one, other := blob.Segment(whole+"1"), blob.Segment(whole+"2")
	if one == other || len(one) > 200 {
		t.Errorf("201 bytes: got %q and %q, want two segments of at most 200 bytes", one, other)
	}
	if _, err := blob.Unsegment(one); err == nil {
		t.Error("a cut segment was given back as a text")
	}
}

func TestUnsegmentTakesOnlyWhatSegmentMakes(t *testing.T) {
	for _, s := range []string{"", "~2", "~zz", "~41", "~2F", "a/b", ".x", "a~", "a+b", strings.Repeat("a", 201)} {
		if text, err := blob.Unsegment(s); err == nil {
			t.Errorf("Unsegment(%q) = %q, want an error", s, text)
		}
	}
}

func TestCheckKey(t *testing.T) {
	seg := strings.Repeat("s", blob.SegmentMax)
	for key, good := range map[string]bool{
		"p/1/state.json":                    true,
		"a+b/~2e/_-.x":                      true,
		"...":                               true,
		seg + "/" + seg:                     true,
		seg + "s":                           false,
		strings.Repeat(seg+"/", 4) + "x":    false,
		strings.Repeat("abc/", 255) + "abc": true,
		"":                                  false,
		"/a":                                false,
		"a/":                                false,
		"a//b":                              false,
		"a/../b":                            false,
		"./a":                               false,
		"a b":                               false,
		"a\x00":                             false,
		"a,b":                               false,
		"ü":                                 false,
	} {
		if err := blob.CheckKey(key); (err == nil) != good {
			t.Errorf("CheckKey(%.40q): %v", key, err)
		}
	}
	if key, err := blob.Key("p", "x/y"); err == nil {
		t.Errorf("Key took a slash inside a segment: %s", key)
	}
	if key, err := blob.Key("p", "1", "state.json"); err != nil || key != "p/1/state.json" {
		t.Errorf("Key = %q, %v", key, err)
	}
}

func FuzzSegment(f *testing.F) {
	for _, s := range []string{"", ".", "..", "~", "~~", "rpms/a", "\xff\x00", strings.Repeat("é", 90), strings.Repeat("a", 199) + "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := blob.Segment(text)
		if err := blob.CheckKey(s); err != nil {
			t.Fatalf("Segment(%q) = %q: %v", text, s, err)
		}
		back, err := blob.Unsegment(s)
		if strings.Contains(s, "~~") {
			if len(s) > 200 {
				t.Fatalf("Segment(%q) has %d bytes", text, len(s))
			}
			return
		}
		if err != nil || back != text {
			t.Fatalf("Unsegment(Segment(%q)) = %q, %v", text, back, err)
		}
	})
}

func FuzzUnsegment(f *testing.F) {
	for _, s := range []string{"~", "~41", "a~2fb", "~~00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := blob.Unsegment(s)
		if err == nil && blob.Segment(text) != s {
			t.Fatalf("Unsegment(%q) = %q, which is segment %q", s, text, blob.Segment(text))
		}
	})
}
