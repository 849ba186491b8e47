package bodhi

import (
	"encoding/json"
	"testing"
)

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"releases":[{"name":"F45","id_prefix":"FEDORA","version":"45","branch":"rawhide","state":"pending"}],"page":1,"pages":1}`))
	f.Add([]byte(`{"releases":[{"name":"EPEL-10.1","id_prefix":"FEDORA-EPEL","version":"10","branch":"epel10","state":"current"}],"page":1,"pages":2}`))
	f.Add([]byte(`{"releases":null,"page":1}`))
	f.Add([]byte(`<html>504</html>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := parsePage(raw, 1)
		if err != nil {
			return
		}
		for _, b := range branches(p.Releases) {
			if b.Name == "" || b.Release == "" {
				t.Errorf("a branch without name or release: %+v", b)
			}
			got, err := Resolve(p.Releases, b.Name)
			if err != nil || got.Name != b.Name {
				t.Errorf("%q resolves to %+v, %v", b.Name, got, err)
			}
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}
