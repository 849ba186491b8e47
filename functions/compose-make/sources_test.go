package composemake_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// builds are the builds a compose takes packages from.
func (w *world) builds(c compose.Compose) []string {
	w.t.Helper()
	if c.State != compose.Done {
		w.t.Fatalf("%s: %s", c.State, c.Reason)
	}
	lock, err := compose.Locks{Store: w.bucket}.Load(w.t.Context(), c.Lock)
	if err != nil {
		w.t.Fatal(err)
	}
	var builds []string
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			if tree.Kind == "os" {
				builds = append(builds, p.Build)
			}
		}
	}
	slices.Sort(builds)
	return slices.Compact(builds)
}

func TestWhichBuildsARequestComesTo(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	w.build("bash-5.2-1.fc45", nil, "bash.x86_64")
	w.build("bash-5.3-1.fc45", []string{"f45-updates"}, "bash.x86_64")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	w.build("ksh-1-1.fc45", nil, "ksh.x86_64")
	if err := w.server.AddTag(kojitest.TagSpec{Name: "f45-side", Arches: []string{"x86_64"}}); err != nil {
		t.Fatal(err)
	}
	w.build("bash-5.0-1.fc45", []string{"f45-side"}, "bash.x86_64")
	tests := []struct {
		name   string
		change func(*compose.Request)
		want   []string
	}{
		{"a tag", func(*compose.Request) {}, []string{"bash-5.1-1.fc45", "zsh-5.9-1.fc45"}},
		{"a tag that inherits", func(r *compose.Request) { r.Source = []string{"f45-updates"} }, []string{"bash-5.3-1.fc45", "zsh-5.9-1.fc45"}},
		{"a tag without what it inherits", func(r *compose.Request) {
			r.Source, r.Flags = []string{"f45-updates"}, compose.NoDeps|compose.NoInheritance
		}, []string{"bash-5.3-1.fc45"}},
		{"several tags: the newest build", func(r *compose.Request) { r.Source = []string{"f45-side", "f45"} }, []string{"bash-5.1-1.fc45", "zsh-5.9-1.fc45"}},
		{
			"a build in place of the tag's", func(r *compose.Request) { r.Builds = []string{"bash-5.2-1.fc45", "ksh-1-1.fc45"} },
			[]string{"bash-5.2-1.fc45", "ksh-1-1.fc45", "zsh-5.9-1.fc45"},
		},
		{"some packages", func(r *compose.Request) { r.Packages = []string{"zsh"} }, []string{"zsh-5.9-1.fc45"}},
		{"builds alone", func(r *compose.Request) {
			r.SourceType, r.Source, r.Builds = compose.Build, nil, []string{"ksh-1-1.fc45", "bash-5.2-1.fc45"}
		}, []string{"bash-5.2-1.fc45", "ksh-1-1.fc45"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, w.builds(w.compose(request(tt.change)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATagAsItWas(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	first := w.compose(request())
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	if now := w.builds(w.compose(request())); !slices.Equal(now, []string{"bash-5.2-1.fc45"}) {
		t.Errorf("now it has %v", now)
	}
	then := w.compose(request(func(r *compose.Request) { r.Event = first.Request.Event }))
	if then.Lock != first.Lock || then.DirOf() != first.ID {
		t.Errorf("as of event %d it has %v, in the directory of %d", first.Request.Event, w.builds(then), then.DirOf())
	}
}

func TestTheFirstKeyCounts(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	w.build("ksh-1-1.fc45", []string{"f45"}, "ksh.x86_64")
	w.sign(key, "bash-5.1-1.fc45", "zsh-5.9-1.fc45")
	w.sign(other, "bash-5.1-1.fc45")
	signed := func(keys ...string) map[string]string {
		// ODCS compares keys as a set when it looks what can be reused.
		c := w.compose(request(func(r *compose.Request) { r.Sigkeys, r.Flags = keys, compose.NoReuse|compose.NoDeps }))
		if c.State != compose.Done {
			t.Fatal(c.Reason)
		}
		lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]string{}
		for _, p := range lock.Trees[0].RPMs {
			name, _, _ := strings.Cut(p.NEVRA, "-")
			by[name] = p.Sigkey
			if signed := strings.Contains(p.Path, "data/signed/"+p.Sigkey+"/"); signed != (p.Sigkey != "") {
				t.Errorf("%s, signed with %q, is at %s", p.NEVRA, p.Sigkey, p.Path)
			}
		}
		return by
	}
	for _, tt := range []struct {
		keys []string
		want map[string]string
	}{
		{[]string{other, key, ""}, map[string]string{"bash": other, "zsh": key, "ksh": ""}},
		{[]string{key, other, ""}, map[string]string{"bash": key, "zsh": key, "ksh": ""}},
		{[]string{""}, map[string]string{"bash": "", "zsh": "", "ksh": ""}},
	} {
		if diff := cmp.Diff(tt.want, signed(tt.keys...)); diff != "" {
			t.Errorf("%q: %s", tt.keys, diff)
		}
	}
	// A copy Koji still lists, but which is not there any more, is passed over.
	if err := w.server.PurgeSigned("bash-5.1-1.fc45", key, false); err != nil {
		t.Fatal(err)
	}
	w.forget()
	if by := signed(key, other, ""); by["bash"] != other {
		t.Errorf("bash is signed with %q", by["bash"])
	}
}

func TestPackagesThatAreSignedLaterAreTaken(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	keys := func(r *compose.Request) { r.Sigkeys, r.Flags = []string{key, ""}, compose.NoReuse|compose.NoDeps }
	first := w.compose(request(keys))
	w.sign(key, "bash-5.1-1.fc45")
	second := w.compose(request(keys))
	if second.State != compose.Done || second.Lock == first.Lock {
		t.Errorf("%s: %s", second.State, second.Reason)
	}
}

func TestWithoutChecksumsFromKojiFilesAreReadOnce(t *testing.T) {
	for name, set := range map[string]setting{
		"the hub has none of them": func(*kojitest.Config, *composemake.Options, *world) {},
		"the hub does not know the call": func(c *kojitest.Config, _ *composemake.Options, _ *world) {
			c.Without = []string{"getRPMChecksums"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, set)
			w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
			c := w.compose(request())
			if c.State != compose.Done {
				t.Fatal(c.Reason)
			}
			lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range lock.Trees[0].RPMs {
				raw := download(t, w.koji.Hub.FilesURL(p.Path))
				if p.SHA256 != sha256Hex(raw) || p.Size != int64(len(raw)) {
					t.Errorf("%s: %s, %d bytes", p.NEVRA, p.SHA256, p.Size)
				}
			}
			before := w.server.Stats().Bytes
			w.compose(request(func(r *compose.Request) { r.Flags |= compose.NoReuse; r.Packages = []string{"bash"} }))
			if read := w.server.Stats().Bytes - before; read != 0 {
				t.Errorf("%d bytes were read again", read)
			}
		})
	}
}

func TestAServerWithoutRanges(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	w.server.SpoilFiles("*", kojitest.RangeIgnored, -1)
	if c := w.compose(request()); c.State != compose.Done {
		t.Error(c.Reason)
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	w.server.SpoilFiles("*", kojitest.FilesOffline, 1)
	w.server.SpoilFiles("*.x86_64.rpm", kojitest.ConnectionCut, 1)
	w.server.Next("listTagged", kojitest.BadGateway)
	if c := w.compose(request()); c.State != compose.Done {
		t.Error(c.Reason)
	}
}

func TestAComposeOfSomebodyElses(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64", "bash-doc.noarch")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	w.sign(key, "bash-5.1-1.fc45")
	theirs := w.compose(request(func(r *compose.Request) { r.Packages, r.Sigkeys = []string{"bash"}, []string{key} }))
	if theirs.State != compose.Done {
		t.Fatal(theirs.Reason)
	}
	dir := publish.Dir(theirs.ID)
	web := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		o, err := w.store.Get(r.Context(), dir+strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			http.NotFound(out, r)
			return
		}
		_, _ = out.Write(o.Body)
	}))
	t.Cleanup(web.Close)
	source := func(path string) func(*compose.Request) {
		return func(r *compose.Request) { r.SourceType, r.Source = compose.PungiCompose, []string{web.URL + path} }
	}
	ours := w.compose(request(source("/compose/Temporary")))
	if ours.State != compose.Done || ours.Lock != theirs.Lock {
		t.Errorf("%s: %s", ours.State, ours.Reason)
	}
	if ours = w.compose(request(source("/compose/Server"))); !strings.Contains(ours.Reason, `lists no package in a variant "Server"`) {
		t.Error(ours.Reason)
	}
	if ours = w.compose(request(source("/nothing/Server"))); !strings.Contains(ours.Reason, "There is no compose at") {
		t.Error(ours.Reason)
	}
}

func TestTheOutputOfAScratchBuild(t *testing.T) {
	w := newWorld(t, func(c *kojitest.Config, _ *composemake.Options, _ *world) {
		c.Runner, c.Targets = kojitest.Script{}, map[string]kojitest.Target{"f45": {Arches: []string{"x86_64"}, Dist: ".fc45"}}
	})
	w.build("hello-0.1-1.fc45", []string{"f45"}, "hello.x86_64", "hello-doc.noarch")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	hub, err := koji.New(koji.Config{Server: strings.TrimSuffix(w.koji.Hub.FilesURL(""), "/kojifiles/") + "/kojihub", Credential: koji.Password("pkg", "secret")})
	if err != nil {
		t.Fatal(err)
	}
	id, err := hub.Build(t.Context(), koji.BuildRequest{Source: "git+https://src.example/rpms/hello.git#abc", Target: "f45", Scratch: true})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := w.server.Wait(t.Context(), id); err != nil || state != koji.Closed {
		t.Fatal(state, err)
	}
	c := w.compose(request(func(r *compose.Request) { r.ScratchBuildTasks = []string{id.String()} }))
	// The tag's own hello is not there beside it.
	if names := w.names(c, "x86_64/os"); !slices.Contains(names, "hello.x86_64") || slices.Contains(names, "hello-doc.noarch") || !slices.Contains(names, "zsh.x86_64") {
		t.Errorf("it has %v", names)
	}
	w.whole(c)
	// In a compose that asks for signed packages there is no place for it.
	c = w.compose(request(func(r *compose.Request) { r.ScratchBuildTasks, r.Sigkeys = []string{id.String()}, []string{key} }))
	if c.State != compose.Failed || !strings.Contains(c.Reason, "There is no copy signed with any of the keys a15b79cc") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}
