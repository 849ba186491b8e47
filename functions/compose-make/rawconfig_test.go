package composemake_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/rpm"
)

const product = `release_name = 'Product'
release_short = 'Product'
release_version = '1.0'
pkgset_source = 'koji'
pkgset_koji_tag = 'f45'
pkgset_koji_inherit = False
sigkeys = [None]
variants_file = 'variants.xml'
comps_file = 'comps.xml'
gather_method = {'^Server$': 'deps', '^Tools$': 'nodeps'}
additional_packages = [('^Tools$', {'*': ['hello-tests']})]
tree_arches = ['x86_64']
`

func productFiles() map[string]string {
	return map[string]string{
		"product.conf": product,
		"variants.xml": `<variants>
<variant id="Server" name="Server" type="variant"><arches><arch>x86_64</arch></arches><groups><group>core</group></groups></variant>
<variant id="Tools" name="Tools" type="variant"><arches><arch>x86_64</arch></arches><groups><group>tools</group></groups></variant>
</variants>`,
		"comps.xml": `<comps><group><id>core</id><name>Core</name><packagelist><packagereq type="mandatory">hello</packagereq></packagelist></group>
<group><id>tools</id><name>Tools</name><packagelist><packagereq>hello-tools</packagereq></packagelist></group></comps>`,
	}
}

func TestAConfigurationOfPungi(t *testing.T) {
	content := productFiles()
	w := newWorld(t, solver(t), func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.RawConfigs = map[string]string{"product": "etc/product.conf"}
		o.Fetch = func(_ context.Context, name, commit, file string) ([]byte, error) {
			text, found := content[strings.TrimPrefix(file, "etc/")]
			if name != "product" || commit != "abc" || !found {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		}
	})
	w.imports([]string{"f45"},
		one("hello", rpm.Source, nil, nil), one("hello", "x86_64", nil, []string{"libhello.so.1()(64bit)"}),
		one("hello-libs", "x86_64", []string{"libhello.so.1()(64bit)"}, nil), one("hello-tests", "x86_64", nil, []string{"hello"}),
		one("hello-tools", "x86_64", nil, []string{"hello"}), one("hello-more", "x86_64", nil, nil),
	)
	raw := func(commit string) compose.Compose {
		return w.compose(request(func(r *compose.Request) {
			r.SourceType, r.Source, r.Flags, r.ComposeType = compose.RawConfig, []string{"product#" + commit}, 0, "nightly"
		}))
	}
	c := raw("abc")
	if c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, tree := range lock.Trees {
		for _, p := range tree.RPMs {
			name, _, _ := strings.Cut(p.NEVRA, "-0:")
			got[tree.Variant+"/"+tree.Kind] = append(got[tree.Variant+"/"+tree.Kind], name)
		}
	}
	want := map[string][]string{
		"Server/os": {"hello", "hello-libs"}, "Server/source": {"hello"},
		"Tools/os": {"hello-tests", "hello-tools"}, "Tools/source": {"hello"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	dir := publish.Dir(c.ID)
	if id := w.get(dir + "COMPOSE_ID"); !strings.HasPrefix(id, "Product-1.0-") || !strings.Contains(id, ".n.0") || id != c.PungiID {
		t.Errorf("COMPOSE_ID is %s, the compose is %s", id, c.PungiID)
	}
	if info := w.get(dir + "compose/metadata/composeinfo.json"); !strings.Contains(info, `"Tools/x86_64/os"`) || !strings.Contains(info, `"short": "Product"`) {
		t.Errorf("composeinfo.json is %s", info)
	}
	if groups := w.metadata(dir + "compose/Server/x86_64/os")["group"]; !strings.Contains(groups, "<id>core</id>") || strings.Contains(groups, "<id>tools</id>") {
		t.Errorf("the groups of Server are %s", groups)
	}
	w.whole(c)

	// What a variant with dependencies lacks is told; nothing is added for the other.
	plugin := one("hello-plugin", "x86_64", nil, []string{"nowhere"})
	plugin.SourceRPM = "plugin-1-1.src.rpm"
	w.imports([]string{"f45"}, one("plugin", rpm.Source, nil, nil), plugin)
	content["product.conf"] = product + "additional_packages = [('^Server$', {'*': ['hello-plugin']})]\n"
	if c = raw("abc"); c.State != compose.Failed || !strings.Contains(c.Reason, "nothing provides nowhere needed by hello-plugin") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	content["product.conf"] += "check_deps = False\n"
	if c = raw("abc"); c.State != compose.Done {
		t.Errorf("%s: %s", c.State, c.Reason)
	}

	if c = raw("def"); c.State != compose.Failed || !strings.Contains(c.Reason, "Configuration product at def") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	content["product.conf"] = product + "ostree = [('^Server$', {'x86_64': {'treefile': 'x'}})]\n"
	if c = raw("abc"); c.State != compose.Failed || !strings.Contains(c.Reason, "ostree") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}
