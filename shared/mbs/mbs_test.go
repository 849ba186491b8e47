package mbs_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/mbs"
	"github.com/distaff-project/distaff/shared/mbs/mbstest"
	"github.com/distaff-project/distaff/shared/modulemd"
	"github.com/distaff-project/distaff/shared/wire"
)

func service(t *testing.T, modules ...mbstest.Module) (*mbs.Client, *mbstest.Server) {
	t.Helper()
	stand := mbstest.New(modules...)
	server := httptest.NewServer(stand)
	t.Cleanup(server.Close)
	return mbs.New(server.URL+"/module-build-service/1/", &wire.Client{Pause: time.Millisecond}), stand
}

func module(version, context string, state int) mbstest.Module {
	return mbstest.Module{
		Name: "nodejs", Stream: "20", Version: version, Context: context, State: state, KojiTag: "module-nodejs-20-" + version,
		BaseName: "platform", BaseStream: "f45", BaseVersion: 450000, Requires: map[string][]string{"platform": {"f45"}},
	}
}

func query(t *testing.T, text string) modulemd.Query {
	t.Helper()
	n, err := modulemd.ParseNSVC(text)
	if err != nil {
		t.Fatal(err)
	}
	return modulemd.Query{NSVC: n}
}

func names(builds []modulemd.Build) (out []string) {
	for _, b := range builds {
		out = append(out, b.String())
	}
	return out
}

func TestTheLatestReadyModuleIsFound(t *testing.T) {
	client, stand := service(t, module("9", "a", 5), module("10", "a", 5), module("10", "b", 5), module("11", "a", 3), module("12", "a", 4))
	got, err := client.Latest(t.Context(), query(t, "nodejs:20"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"nodejs:20:10:a", "nodejs:20:10:b"}, names(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b := got[0]; b.KojiTag != "module-nodejs-20-10" || b.Base[0] != (modulemd.BaseModule{Name: "platform", Stream: "f45", StreamVersion: 450000}) ||
		b.Document.Dependencies[0].Requires["platform"][0] != "f45" {
		t.Errorf("%+v", b)
	}
	if asked := stand.Asked()[0]; asked != "nsvc=nodejs%3A20&order_desc_by=version&page=1&per_page=100&state=5&verbose=True" {
		t.Errorf("asked %s", asked)
	}
	q := query(t, "nodejs:20")
	q.IncludeDone = true
	if got, err := client.Latest(t.Context(), q); err != nil || names(got)[0] != "nodejs:20:11:a" {
		t.Errorf("with those done: %v, %v", names(got), err)
	}
	q = query(t, "nodejs:20:9:a")
	if got, err := client.Latest(t.Context(), q); err != nil || len(got) != 1 {
		t.Errorf("by its full name: %v, %v", names(got), err)
	}
	q = query(t, "nodejs:20")
	q.BaseAtMost, q.BaseAtLeast, q.BaseName, q.BaseStream = 449999, 440000, "platform", "f45"
	if _, err := client.Latest(t.Context(), q); !errors.Is(err, modulemd.ErrNotFound) || !strings.Contains(stand.Asked()[3], "base_module_br_stream_version_lte=449999") {
		t.Errorf("against an older base: %v", err)
	}
}

func TestAMissingModuleIsToldInODCSsWords(t *testing.T) {
	client, _ := service(t)
	_, err := client.Latest(t.Context(), query(t, "nodejs:20"))
	if !errors.Is(err, modulemd.ErrNotFound) || err.Error() != "Failed to find module nodejs:20 in ready state in the MBS." {
		t.Errorf("got %v", err)
	}
	q := query(t, "nodejs-devel:20:1")
	q.IncludeDone = true
	if _, err = client.Latest(t.Context(), q); err == nil || err.Error() != "Failed to find module nodejs-devel:20:1 in ready or done state in the MBS." {
		t.Errorf("got %v", err)
	}
}

func TestADevelModuleIsMadeFromItsModule(t *testing.T) {
	client, _ := service(t, module("10", "a", 5))
	got, err := client.Latest(t.Context(), query(t, "nodejs-devel:20"))
	if err != nil {
		t.Fatal(err)
	}
	if got[0].String() != "nodejs-devel:20:10:a" || got[0].Document.Name != "nodejs-devel" || got[0].Document.Dependencies[0].Requires["nodejs"][0] != "20" {
		t.Errorf("%+v", got[0].Document)
	}
	got, err = modulemd.Expand(t.Context(), client, got, []string{"platform"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"nodejs-devel:20:10:a", "nodejs:20:10:a"}, names(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContextsBeyondTheFirstPageAreFound(t *testing.T) {
	var all []mbstest.Module
	for i := range 230 {
		all = append(all, module("10", fmt.Sprintf("c%03d", i), 5))
	}
	client, stand := service(t, append(all, module("9", "a", 5))...)
	got, err := client.Latest(t.Context(), query(t, "nodejs:20"))
	if err != nil || len(got) != 230 || len(stand.Asked()) != 3 {
		t.Errorf("%d contexts in %d questions (%v)", len(got), len(stand.Asked()), err)
	}
}

func TestATroubledServiceIsNotAMissingModule(t *testing.T) {
	client, stand := service(t, module("10", "a", 5))
	stand.Fail(2, 503)
	if _, err := client.Latest(t.Context(), query(t, "nodejs:20")); err != nil {
		t.Errorf("after two 503s: %v", err)
	}
	stand.Fail(3, 503)
	if _, err := client.Latest(t.Context(), query(t, "nodejs:20")); !wire.Temporary(err) || errors.Is(err, modulemd.ErrNotFound) {
		t.Errorf("after three 503s: %v", err)
	}
	bad := module("10", "a", 5)
	bad.Modulemd = "a: &a [*a]"
	client, _ = service(t, bad)
	if _, err := client.Latest(t.Context(), query(t, "nodejs:20")); !errors.Is(err, mbs.ErrAnswer) {
		t.Errorf("a document with aliases: %v", err)
	}
}

func TestAMessageTellsHowFarAModuleIs(t *testing.T) {
	_, stand := service(t, module("10", "a", 5))
	got, err := mbs.ParseChange(stand.Message(1))
	want := mbs.Change{ID: 1, NSVC: query(t, "nodejs:20:10:a").NSVC, State: mbs.Ready, KojiTag: "module-nodejs-20-10"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if !mbs.Hears("org.fedoraproject.prod.mbs.module.state.change") || mbs.Hears("org.fedoraproject.prod.mbs.component.state.change") {
		t.Error("the topic is not known")
	}
	for _, body := range []string{`{`, `{}`, `{"id":1,"state":9,"name":"a","stream":"b"}`, `{"id":1,"state":5,"name":"a/b","stream":"b"}`, `[]`} {
		if _, err := mbs.ParseChange([]byte(body)); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

func FuzzParseChange(f *testing.F) {
	f.Add([]byte(`{"id":1,"name":"a","stream":"b","version":3,"context":"c","state":5,"koji_tag":"t"}`))
	f.Add([]byte(`{"id":1,"name":"a","stream":"b","version":"","state":0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := mbs.ParseChange(body)
		if err != nil {
			return
		}
		if back, err := modulemd.ParseNSVC(c.String()); err != nil || back != c.NSVC {
			t.Fatalf("%+v: %v", c, err)
		}
	})
}
