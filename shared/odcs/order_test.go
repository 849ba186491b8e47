package odcs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
)

func server() odcs.Defaults {
	return odcs.Defaults{
		Koji: "fedora", Sigkeys: []string{"fd431d51"}, RawConfigs: map[string]odcs.RawConfig{"eln": {Seconds: 100, SecondsMost: 1000}}, TargetDirs: []string{"private"},
	}
}

// usual is what becomes of the shortest request for a tag.
func usual(change func(r *compose.Request)) compose.Request {
	r := compose.Request{
		Koji: "fedora", SourceType: compose.Tag, Source: []string{"f45"}, Sigkeys: []string{"fd431d51"}, Arches: []string{"x86_64"},
		Results: compose.Repository, ComposeType: "test", Lifetime: 86400,
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestRequests(t *testing.T) {
	tests := []struct {
		name, body string
		want       compose.Request
	}{
		{"a tag", `{"source":{"type":"tag","source":"f45"}}`, usual(nil)},
		{"several tags", `{"source":{"type":"tag","source":"f45 f45-updates  f45"}}`, usual(func(r *compose.Request) { r.Source = []string{"f45", "f45-updates"} })},
		{"lists are without doubles", `{"source":{"type":"tag","source":"f45","packages":["b","a","b"],"builds":["x-2-1","a-1^git-1"]},"arches":["s390x","x86_64","s390x"]}`, usual(func(r *compose.Request) {
			r.Packages, r.Builds, r.Arches = []string{"a", "b"}, []string{"a-1^git-1", "x-2-1"}, []string{"s390x", "x86_64"}
		})},
		{"keys stay in order and as they were written", `{"source":{"type":"tag","source":"f45","sigkeys":["FD431D51","A15B79CC","fd431d51",""]}}`, usual(func(r *compose.Request) { r.Sigkeys = []string{"FD431D51", "A15B79CC", "fd431d51", ""} })},
		{"a key with a space is two, as OSBS may send it", `{"source":{"type":"tag","source":"f45","sigkeys":["KEY "]}}`, usual(func(r *compose.Request) { r.Sigkeys = []string{"KEY", ""} })},
		{"no keys mean unsigned packages", `{"source":{"type":"tag","source":"f45","sigkeys":[],"packages":[]}}`, usual(func(r *compose.Request) { r.Sigkeys = []string{""} })},
		{"flags and methods", `{"source":{"type":"tag","source":"f45"},"flags":["no_deps","no_flags","no_reuse"],"multilib_method":["devel","runtime"],"multilib_arches":["x86_64"],"results":["repository"]}`, usual(func(r *compose.Request) {
			r.Flags, r.MultilibMethod, r.MultilibArches = compose.NoDeps|compose.NoReuse, compose.MultilibDevel|compose.MultilibRuntime, []string{"x86_64"}
		})},
		{"the old name of a life, in quotes", `{"source":{"type":"tag","source":"f45"},"seconds-to-live":" 1000 "}`, usual(func(r *compose.Request) { r.Lifetime = 1000 })},
		{"too long a life is cut", `{"source":{"type":"tag","source":"f45"},"seconds_to_live":9999999}`, usual(func(r *compose.Request) { r.Lifetime = 259200 })},
		{"no life is the usual", `{"source":{"type":"tag","source":"f45"},"seconds_to_live":0,"seconds-to-live":7}`, usual(nil)},
		{"a raw_config has a life of its own", `{"source":{"type":"raw_config","source":"eln#main"},"seconds_to_live":5000}`, usual(func(r *compose.Request) {
			r.SourceType, r.Source, r.Lifetime = compose.RawConfig, []string{"eln#main"}, 1000
		})},
		{"modules", `{"source":{"type":"module","source":"perl:5.38 nodejs:20:1:c"}}`, usual(func(r *compose.Request) {
			r.SourceType, r.Source = compose.Module, []string{"nodejs:20:1:c", "perl:5.38"}
		})},
		{"scratch modules alone", `{"source":{"type":"module","source":"","scratch_modules":["perl:5.38:1:c"]}}`, usual(func(r *compose.Request) {
			r.SourceType, r.Source, r.ScratchModules = compose.Module, nil, []string{"perl:5.38:1:c"}
		})},
		{"builds, as Freshmaker asks", `{"source":{"type":"build","source":"","builds":["a-1-1"],"packages":["a","a"]},"flags":["no_deps"]}`, usual(func(r *compose.Request) {
			r.SourceType, r.Source, r.Builds, r.Packages, r.Flags = compose.Build, nil, []string{"a-1-1"}, []string{"a"}, compose.NoDeps
		})},
		{"a lock", `{"source":{"type":"locked","source":"` + strings.Repeat("0a", 32) + `"}}`, usual(func(r *compose.Request) { r.SourceType, r.Source = compose.Locked, []string{strings.Repeat("0a", 32)} })},
		{"what another was made of", `{"source":{"type":"locked","source":"compose:12"}}`, usual(func(r *compose.Request) { r.SourceType, r.Source = compose.Locked, []string{"compose:12"} })},
		{"the last of two members counts", `{"source":{"type":"tag","source":"f44","source":"f45"}}`, usual(nil)},
		{"what nobody knows is not looked at", `{"source":{"type":"tag","source":"f45","x":[[1]]},"y":1.5,"z":true}`, usual(nil)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := server().Parse([]byte(tt.body))
			if diff := cmp.Diff(tt.want, got.Request); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tag := func(more string) string { return `{"source":{"type":"tag","source":"f45"` + more + `}}` }
	top := func(more string) string { return `{"source":{"type":"tag","source":"f45"},` + more + `}` }
	const chars = "Only alphanumerical characters and [' ', '-', '/', '_', '.', ':', '#', '+', '?', '$', '~'] characters are allowed in ODCS input variables"
	tests := []struct{ body, want string }{
		{``, "<p>The browser (or proxy) sent a request that this server could not understand.</p>"},
		{`{"a":1} {}`, "<p>The browser (or proxy) sent a request that this server could not understand.</p>"},
		{`null`, "No JSON POST data submitted"},
		{`0`, "No JSON POST data submitted"},
		{`[]`, "No JSON POST data submitted"},
		{`[1]`, "The body should be an object."},
		{`{"source":null}`, "Only dict, list, str, unicode, int, float and bool types are allowed in ODCS input variables, but 'source' has '<class 'NoneType'>' type"},
		{`{"a":{"b":1}}`, "Only 'source' key is allowed to contain dict."},
		{`{"source":{"source":{"type":"tag"}}}`, "Only 'source' key is allowed to contain dict."},
		{`{"a":[{"b":1}]}`, "Only 'source' key is allowed to contain dict."},
		{`{"x":"it's"}`, chars},
		{tag(`,"builds":"a"`), "builds should be a list"},
		{tag(`,"packages":"a"`), "packages should be a list"},
		{tag(`,"modular_koji_tags":"a"`), "modular_koji_tags should be a list"},
		{tag(`,"koji_event":1.5`), "koji_event should be an integer"},
		{tag(`,"koji_event":true`), "koji_event should be an integer"},
		{tag(`,"koji_event":-1`), "koji_event should be an integer above 0"},
		{tag(`,"koji_event":99999999999999999999`), "koji_event should be an integer above 0"},
		{tag(`,"packages":[1]`), "packages should be a list of strings, but holds 1"},
		{tag(`,"packages":["a/../b"]`), "packages holds no name of a package: 'a/../b'"},
		{tag(`,"packages":["` + `\u0000` + `"]`), `packages holds no name of a package: '\x00'`},
		{tag(`,"builds":["-oProxy-1-1"]`), "builds should not hold what begins with a dash, but got -oProxy-1-1"},
		{tag(`,"builds":["nothing"]`), "builds holds no name of a build: nothing"},
		{tag(`,"sigkeys":["../etc"]`), "sigkeys holds no key: ../etc"},
		{tag(`,"scratch_build_tasks":["x"]`), "scratch_build_tasks holds no task: x"},
		{tag(`,"module_defaults_url":"https://x"`), `The "module_defaults_url" and "module_defaults_commit" must be used together.`},
		{tag(`,"module_defaults_url":"--upload-pack=x","module_defaults_commit":"a"`), chars},
		{tag(`,"module_defaults_url":"--upload-pack","module_defaults_commit":"a"`), "module_defaults_url should not begin with a dash, but got --upload-pack"},
		{top(`"seconds_to_live":"60"`), "seconds_to_live should be an integer"},
		{top(`"seconds_to_live":-60`), "seconds_to_live should not be below 0"},
		{top(`"seconds-to-live":[1]`), "Invalid seconds_to_live specified in request: {'source': {'type': 'tag', 'source': 'f45'}, 'seconds-to-live': [1]}"},
		{top(`"flags":"no_deps"`), "flags should be a list"},
		{top(`"flags":["a~b"]`), "('Unknown flag %s', 'a~b')"},
		{top(`"results":["iso"]`), `Result "iso" is not made here.`},
		{top(`"results":["boot.iso"]`), `Result "boot.iso" is not made here.`},
		{top(`"results":["zzz"]`), "('Unknown result %s', 'zzz')"},
		{top(`"multilib_method":["some"]`), `Unknown multilib method "some"`},
		{top(`"arches":"x86_64"`), "arches should be a list"},
		{top(`"arches":["X/../86"]`), "arches holds no architecture: X/../86"},
		{top(`"arches":[]`), "arches should not be empty"},
		{top(`"lookaside_repos":["file:///etc"]`), "lookaside_repos should hold addresses, but got file:///etc"},
		{top(`"label":"mine"`), "label is none a compose can have: mine"},
		{top(`"compose_type":"huge"`), `Unknown "compose_type" "huge"`},
		{top(`"target_dir":"zz"`), `Unknown "target_dir" "zz"`},
		{`{"source":{"type":"repo","source":"/mnt"}}`, `Source type "repo" is not made here.`},
		{`{"source":{"type":"pulp","source":"x"}}`, `Source type "pulp" is not made here.`},
		{`{"source":{"type":"build"}}`, `No builds provided for source type "build".`},
		{`{"source":{"type":"module"}}`, "No source provided for 2"},
		{`{"source":{"type":"module","source":"a:b:c:d:e"}}`, `Module definition must be in "n:s", "n:s:v" or "n:s:v:c" format, but got a:b:c:d:e`},
		{`{"source":{"type":"raw_config","source":"a#1 b#2"}}`, `Only single source is allowed for "raw_config" source_type`},
		{`{"source":{"type":"raw_config","source":"eln#-x"}}`, `Source must be in "source_name#commit_hash" format for "raw_config" source_type.`},
		{`{"source":{"type":"pungi_compose","source":"/etc"}}`, `Source should be an address for "pungi_compose" source_type, but got /etc`},
		{`{"source":{"type":"locked"}}`, "No source provided for 8"},
		{`{"source":{"type":"locked","source":"compose:0"}}`, `Source of type "locked" should be a digest or compose:<id>, but got compose:0`},
		{`{"source":{"type":"locked","source":"compose:1","rpms":["a-1-1.noarch"]}}`, `Both "source" and "rpms" are given for source type "locked"`},
		{`{"source":{"type":"locked","rpms":["a-1"]}}`, "rpms holds no name of an RPM: a-1"},
		{tag(`,"rpms":["a-1-1.noarch"]`), `rpms is only for source type "locked"`},
	}
	for _, tt := range tests {
		_, err := server().Parse([]byte(tt.body))
		var refusal *odcs.Refusal
		if !errors.As(err, &refusal) || refusal.Message != tt.want || refusal.Code != 400 || refusal.Hint == "" {
			t.Errorf("%s\nis   %+v\nwant %s", tt.body, refusal, tt.want)
		}
	}
}

func TestLongRequestsAreToldWhatIsTooLong(t *testing.T) {
	list := func(n int, form string) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(form, i))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	tests := []struct{ name, body, want string }{
		{"10,000 packages are taken", `{"source":{"type":"tag","source":"f45","packages":` + list(10_000, `"p%d"`) + `}}`, ""},
		{"10,001 are not", `{"source":{"type":"tag","source":"f45","packages":` + list(10_001, `"p%d"`) + `}}`, "packages has 10001 elements, and may have 10000"},
		{"nor long ones", `{"source":{"type":"tag","source":"f45","packages":` + list(5_000, `"package-with-a-long-name-%d"`) + `}}`, "The request is longer than 98304 bytes, mostly by source.packages."},
		{"70,000 locked RPMs are taken", `{"source":{"type":"locked","rpms":` + list(70_000, `"package-%d-0:1.0-1.fc45.x86_64/fd431d51"`) + `}}`, ""},
		{"an endless word", `{"source":{"type":"tag","source":"f45","packages":["` + strings.Repeat("x", 256) + `"]}}`, "packages holds an element longer than 255 bytes: " + strings.Repeat("x", 40) + "…"},
		{"an endless list of nothing", `{"source":` + list(300_000, `%d`) + `}`, "<p>The browser (or proxy) sent a request that this server could not understand.</p>"},
		{"lists in lists", `{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "<p>The browser (or proxy) sent a request that this server could not understand.</p>"},
		{"an endless body", strings.Repeat(" ", odcs.BodyMost+1), "The body is longer than 16777216 bytes."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := server().Parse([]byte(tt.body))
			var refusal *odcs.Refusal
			if errors.As(err, &refusal) != (tt.want != "") || refusal != nil && refusal.Message != tt.want {
				t.Errorf("is %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"source":{"type":"tag","source":"f45","packages":["bash"],"sigkeys":["a",""],"koji_event":7},"flags":["no_deps"],"arches":["x86_64"],"seconds-to-live":"5"}`,
		`{"source":{"type":"locked","rpms":["a-0:1-1.noarch/k"]}}`, `{"source":{"type":"module","source":"a:b"},"label":"x"}`, `{"sigkeys":["a"],"source":{"builds":["a-1-1"],"modules":[]}}`,
		`{"source":{"type":"raw_config","source":"eln#x"},"results":["repository"]}`, `[]`, `{"source":"'\""}`,
	} {
		f.Add([]byte(body))
	}
	d := server()
	f.Fuzz(func(t *testing.T, body []byte) {
		order, err := d.Parse(body)
		var refusal *odcs.Refusal
		switch {
		case err != nil && (!errors.As(err, &refusal) || refusal.Message == "" || refusal.Code < 400 || refusal.Code > 499):
			t.Errorf("%v", err)
		case err == nil && (len(order.Request.Arches) == 0 || len(order.Request.Sigkeys) == 0 || order.Request.Lifetime < 1 || order.Request.SourceType == 0):
			t.Errorf("%+v", order)
		case err == nil:
			odcs.Show(compose.Compose{Request: order.Request}, odcs.URLs{})
		}
		if patch, err := d.ParsePatch(body); err == nil {
			_, _ = patch.Apply(order.Request, 1, "")
			patch.Again(order.Request)
		} else if !errors.As(err, &refusal) {
			t.Errorf("%v", err)
		}
	})
}
