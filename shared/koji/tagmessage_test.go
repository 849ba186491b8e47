package koji_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/tests/corpus"
)

const fedoraTag = `{"tag":"f45-updates","tag_id":7,"build_id":9,"name":"hello","version":"2.12","release":"3.fc45",
	"user":"bodhi","owner":"ann","instance":"primary","base_url":"https://koji.example.org"}`

const protonTag = `{"tag":{"id":7,"name":"f45-updates"},"build":{"id":9,"name":"hello","version":"2.12","release":"3.fc45",
	"epoch":null,"owner_name":"ann"},"user":{"name":"bodhi"},"force":false}`

func TestATagChangeIsRead(t *testing.T) {
	want := koji.TagChange{
		Tag: "f45-updates", TagID: 7, BuildID: 9, NVR: build("hello", "2.12", "3.fc45"), User: "bodhi", Owner: "ann",
	}
	fedora := want
	fedora.BaseURL = "https://koji.example.org"
	gone := fedora
	gone.Untagged = true
	protonGone := want
	protonGone.Untagged = true
	for _, c := range []struct {
		topic, body string
		want        koji.TagChange
	}{
		{"org.fedoraproject.prod.buildsys.tag", fedoraTag, fedora},
		{"org.fedoraproject.stg.buildsys.untag", fedoraTag, gone},
		{"", `{"topic":"org.fedoraproject.prod.buildsys.untag","body":` + fedoraTag + `}`, gone},
		{"", `{"topic":"org.fedoraproject.prod.buildsys.tag","msg":` + fedoraTag + `}`, fedora},
		{"koji.build.tag", protonTag, want},
		{"topic://koji.build.untag", protonTag, protonGone},
	} {
		got, err := koji.ParseTagChange(c.topic, []byte(c.body))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.topic, err, diff)
		}
	}
}

func TestWhatIsNoTagChangeIsRefused(t *testing.T) {
	const topic = "org.fedoraproject.prod.buildsys.tag"
	for _, c := range []struct{ topic, body string }{
		{"org.fedoraproject.prod.buildsys.build.state.change", fedoraTag},
		{"org.fedoraproject.prod.git.tag", fedoraTag},
		{topic, `{}`},
		{topic, strings.Replace(fedoraTag, `"hello"`, `"../hello"`, 1)},
		{topic, strings.Replace(fedoraTag, `"2.12"`, `""`, 1)},
		{topic, strings.Replace(fedoraTag, `"f45-updates"`, `""`, 1)},
		{topic, strings.Replace(fedoraTag, `"f45-updates"`, `"f45\nupdates"`, 1)},
		{topic, strings.Replace(fedoraTag, `"f45-updates"`, `"`+strings.Repeat("f", 257)+`"`, 1)},
	} {
		if got, err := koji.ParseTagChange(c.topic, []byte(c.body)); !errors.Is(err, koji.ErrNotTag) {
			t.Errorf("%s %s: %+v, %v", c.topic, c.body, got, err)
		}
	}
	for _, body := range []string{"", "null", "[]", `{"tag":7}`, "{"} {
		if got, err := koji.ParseTagChange(topic, []byte(body)); err == nil {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestRecordedTagChangesAreRead(t *testing.T) {
	for _, name := range []string{
		"systems/koji/msg.buildsys.tag.json", "systems/koji/msg.buildsys.untag.json",
		"packit/fedmsg/koji_build_tagged.json", "systems/fedmsg-legacy/fedmsg_meta.prod.buildsys.tag.json",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := koji.ParseTagChange("", corpus.Read(t, name))
			if err != nil || got.Tag == "" || got.TagID == 0 || got.User == "" || got.Untagged != strings.Contains(name, "untag") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func FuzzTagChange(f *testing.F) {
	f.Add("org.fedoraproject.prod.buildsys.tag", []byte(fedoraTag))
	f.Add("koji.build.untag", []byte(protonTag))
	f.Add("", []byte(`{"topic":"a.buildsys.tag","body":{"tag":"a"}}`))
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		change, err := koji.ParseTagChange(topic, body)
		if err != nil {
			return
		}
		if _, err := koji.BuildPath("", change.NVR); err != nil || change.Tag == "" {
			t.Errorf("%+v: %v", change, err)
		}
	})
}
