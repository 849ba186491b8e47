package testingfarm_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/tests/corpus"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func TestAnAddressWeMadeIsKnownAgain(t *testing.T) {
	address := testingfarm.Address("https://ci.example.org/testing-farm/", label, key)
	rest, ok := strings.CutPrefix(address, "https://ci.example.org/testing-farm/")
	if !ok {
		t.Fatal(address)
	}
	for _, path := range []string{rest, "/" + rest} {
		if got, ok := testingfarm.Verify(path, key); !ok || got != label {
			t.Errorf("%s: %q %v", path, got, ok)
		}
	}
	if raw, err := hex.DecodeString(rest[strings.LastIndex(rest, "/")+1:]); err != nil || len(raw) < 16 {
		t.Errorf("the mac is %d bytes", len(raw))
	}
}

func TestAForgedAddressIsNot(t *testing.T) {
	rest := strings.TrimPrefix(testingfarm.Address("", label, key), "/")
	other := testingfarm.Address("", "pr/fedora/rpms/packit/8/1/rpmlint/1", key)
	for name, path := range map[string]string{
		"no mac":             label,
		"an empty mac":       label + "/",
		"half the mac":       rest[:len(rest)-32],
		"another's mac":      label + other[strings.LastIndex(other, "/"):],
		"another label":      "x" + rest,
		"a longer label":     strings.Replace(rest, "/1/", "/11/", 1),
		"the mac in capital": strings.ToUpper(rest),
		"dots in it":         "a/../" + rest,
		"a double slash":     "/" + "/" + rest,
		"nothing":            "",
	} {
		if got, ok := testingfarm.Verify(path, key); ok || got != "" {
			t.Errorf("%s was taken for %q", name, got)
		}
	}
	if _, ok := testingfarm.Verify(rest, []byte("another key of 32 bytes, as long")); ok {
		t.Error("another key was taken")
	}
}

func TestAShortKeyMakesNoAddressAtAll(t *testing.T) {
	for _, key := range [][]byte{nil, {}, []byte("short")} {
		if a := testingfarm.Address("https://ci.example.org", label, key); a != "" {
			t.Errorf("made %s", a)
		}
		if _, ok := testingfarm.Verify(label+"/"+strings.Repeat("0", 64), key); ok {
			t.Error("verified")
		}
	}
	for _, odd := range []string{"", "a b", "a/../b", "a//b", "ä", "a?b", "a%2fb", strings.Repeat("a", 600)} {
		if a := testingfarm.Address("https://ci.example.org", odd, key); a != "" {
			t.Errorf("%q made %s", odd, a)
		}
	}
}

func TestANotificationNamesARequestAndNoMore(t *testing.T) {
	got, err := testingfarm.ParseHook([]byte(`{"request_id":"129bd474-e4d3-49e0-9dec-d994a99feebc","token":"word","source":"testing-farm"}`))
	if err != nil || got.RequestID != "129bd474-e4d3-49e0-9dec-d994a99feebc" {
		t.Fatal(got, err)
	}
	if !got.Is("word") || got.Is("other") || got.Is("") || (testingfarm.Hook{}).Is("") {
		t.Error("the token is compared wrongly")
	}
	for name, raw := range map[string]string{
		"nothing":        "",
		"no id":          `{"token":"word"}`,
		"a path":         `{"request_id":"../../whoami","token":"word"}`,
		"capitals":       `{"request_id":"129BD474-E4D3-49E0-9DEC-D994A99FEEBC"}`,
		"a number":       `{"request_id":7}`,
		"much too long":  `{"request_id":"129bd474-e4d3-49e0-9dec-d994a99feebc","token":"` + strings.Repeat("x", 1<<20) + `"}`,
		"two documents":  `{"request_id":"129bd474-e4d3-49e0-9dec-d994a99feebc"}{}`,
		"dashes astray":  `{"request_id":"129bd474e-4d3-49e0-9dec-d994a99feebc"}`,
		"a list instead": `[]`,
	} {
		if h, err := testingfarm.ParseHook([]byte(raw)); err == nil {
			t.Errorf("%s was taken: %v", name, h)
		}
	}
}

func TestTheRecordedNotificationIsRead(t *testing.T) {
	got, err := testingfarm.ParseHook(corpus.Read(t, "packit/webhooks/testing_farm/notification.json"))
	if err != nil || !got.Is("secret-token") {
		t.Error(got, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(label, "00")
	f.Add("a/b", "")
	f.Fuzz(func(t *testing.T, l, mac string) {
		if got, ok := testingfarm.Verify(l+"/"+mac, key); ok && testingfarm.Address("", got, key) != "/"+strings.TrimPrefix(l+"/"+mac, "/") {
			t.Fatalf("%q was taken", l+"/"+mac)
		}
		if a := testingfarm.Address("", l, key); a != "" {
			if got, ok := testingfarm.Verify(a, key); !ok || got != l {
				t.Fatalf("%q is not known again", l)
			}
		}
	})
}

func FuzzParseHook(f *testing.F) {
	f.Add([]byte(`{"request_id":"129bd474-e4d3-49e0-9dec-d994a99feebc","token":"word"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if h, err := testingfarm.ParseHook(raw); err == nil && !testingfarm.ValidID(h.RequestID) {
			t.Fatalf("took %q", h.RequestID)
		}
	})
}
