package bodhi_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/tests/corpus"
)

const stable = "org.fedoraproject.prod.bodhi.update.complete.stable"

func TestAPushedUpdateIsRead(t *testing.T) {
	body := `{"agent":"bodhi","update":{"alias":"FEDORA-2026-0123456789","status":"stable","request":null,"type":"security",
		"release":{"name":"F45","version":"45"},"user":{"name":"anna"},
		"builds":[{"nvr":"openssl-3.5.1-2.fc45","epoch":1},{"nvr":"openssl-3.5.1-2.fc45"},{"nvr":"g++-1:2~rc^1-1.fc45"}]}}`
	got, err := bodhi.ParseUpdateMessage(stable, []byte(body))
	want := bodhi.UpdateMessage{
		Alias: "FEDORA-2026-0123456789", Status: "stable", Type: "security", Release: "F45", User: "anna",
		Builds: []string{"openssl-3.5.1-2.fc45", "g++-1:2~rc^1-1.fc45"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestRecordedUpdatesAreRead(t *testing.T) {
	for _, name := range []string{"stable", "testing"} {
		var m struct {
			Topic string          `json:"topic"`
			Body  json.RawMessage `json:"body"`
		}
		raw := corpus.Read(t, "systems/bodhi/msg.update.complete."+name+".complete_"+name+"_v1.json")
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		got, err := bodhi.ParseUpdateMessage(m.Topic, m.Body)
		if err != nil || got.Status != name || len(got.Builds) != 2 || got.Release != "F29" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestWhatIsNoPushedUpdateIsToldApart(t *testing.T) {
	cases := []struct {
		name, topic, body string
		other             bool
	}{
		{"a wish", "org.fedoraproject.prod.bodhi.update.request.stable", `{}`, true},
		{"a comment", "org.fedoraproject.prod.bodhi.update.comment", `{}`, true},
		{"another app", "org.fedoraproject.prod.odcs.compose", `{}`, true},
		{"nothing", stable, `{}`, false},
		{"no JSON", stable, `<html>`, false},
		{"a path for an alias", stable, `{"update":{"alias":"../x","release":{"name":"F45"}}}`, false},
		{"a path for a build", stable, `{"update":{"alias":"F-1","release":{"name":"F45"},"builds":[{"nvr":"a/b"}]}}`, false},
	}
	for _, c := range cases {
		_, err := bodhi.ParseUpdateMessage(c.topic, []byte(c.body))
		if err == nil || errors.Is(err, bodhi.ErrNotUpdate) != c.other {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzParseUpdateMessage(f *testing.F) {
	f.Add([]byte(`{"update":{"alias":"FEDORA-2026-1","release":{"name":"F45"},"builds":[{"nvr":"a-1-1"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := bodhi.ParseUpdateMessage(stable, body)
		if err == nil && (m.Alias == "" || m.Release == "" || m.Status != "stable") {
			t.Errorf("%+v", m)
		}
	})
}
