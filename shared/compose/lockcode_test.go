package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Locks are older than the way they are written now: their digests stay.
func TestALockIsWrittenAsJSONIs(t *testing.T) {
	full := RPM{
		ID: 1, NEVRA: "a-0:1-1.x86_64", Build: "a-1-1", SRPM: "a-0:1-1.src", Sigkey: "a15b79cc", SHA256: strings.Repeat("0", 64),
		Size: 2, Time: 3, Base: "http://x/?a=1&b=<2>", Path: "packages/a\u2028.rpm",
	}
	for name, l := range map[string]Lock{
		"nothing":     {},
		"no packages": {Version: 1, Trees: []Tree{{Variant: "Temporary", Arch: "x86_64", Kind: "os"}, {RPMs: []RPM{}}}},
		"all there is": {Version: 1, Koji: `"trees":null`, Event: 5, Tags: []int64{1, 2}, TagNames: []string{"f45", `"trees":null`}, Trees: []Tree{
			{Variant: `"rpms":null`, Arch: "x86_64", Kind: "os", RPMs: []RPM{full, {}, full}, Modules: "m", Groups: "g", UpdateInfo: "u"},
			{Variant: "B", RPMs: []RPM{full}},
		}},
	} {
		var want, got bytes.Buffer
		if err := json.NewEncoder(&want).Encode(l); err != nil {
			t.Fatal(err)
		}
		if err := l.write(&got); err != nil || got.String() != want.String() {
			t.Errorf("%s: %v\n%s\nis written, not\n%s", name, err, got.String(), want.String())
		}
		back, err := readLock(&got)
		if diff := cmp.Diff(l, back); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		l.Event, l.Tags, l.TagNames = 0, nil, nil
		want.Reset()
		_ = json.NewEncoder(&want).Encode(l)
		if sum := sha256.Sum256(want.Bytes()); l.Digest() != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: another digest", name)
		}
	}
}

func TestWhatIsNoLockIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "[]", "null", "{", `{"version":"1"}`, `{"versions":1}`, `{"trees":{}}`, `{"trees":[[]]}`, `{"trees":[{"rpms":{}}]}`, `{"trees":[{"rpms":[{"x":1}]}]}`,
		`{"trees":[{"rpms":[{"size":"1"}]}]}`, `{}{}`, `{"trees":[{"x":1}]}`, `{"trees":[`, `{"trees":1}`,
	} {
		if l, err := readLock(strings.NewReader(text)); err == nil {
			t.Errorf("%s is %+v", text, l)
		}
	}
}
