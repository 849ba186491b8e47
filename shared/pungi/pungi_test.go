package pungi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/pungi"
)

const config = `# A compose of a product.
release_name = 'Product'
release_short = "P"
release_version = '1.0'
short_tag = 'p1'
pkgset_source = 'koji'
pkgset_koji_tag = [short_tag + '-updates', short_tag]  # the first wins
pkgset_koji_inherit = False
sigkeys = ['E99D6AD1', None]
variants_file = 'variants.xml'
comps_file = 'comps.xml'
gather_method = {
    '^Server$': {'comps': 'deps', 'module': 'nodeps'},
    '^Server-optional$': 'nodeps',
}
additional_packages = [
    ('^Server', {
        '*': ['bash', 'zsh'
              '-html'],
        'x86_64': 'grub2.x86_64',
    }),
    ('^Server-optional$', {'*': ['more']}),
]
filter_packages = [('^.*$', {'*': ['bad*']})]
multilib = [('^Server$', {'x86_64': ['devel', 'runtime'], '*': ['none']})]
multilib_whitelist = {'*': ['wine*'], 'x86_64': ['steam']}
gather_lookaside_repos = [('^.*$', {'*': ['http://base/$basearch/os']})]
tree_arches = ['x86_64', 'aarch64']
bootable = True
create_jigdo = False
live_images = []
createrepo_c = True
skip_phases = ['buildinstall', 'createiso']
module_defaults_dir = {'scm': 'git', 'repo': 'https://git/defaults', 'branch': 'f45', 'dir': '.'}
pkgset_koji_module_builds = {'^Server$': ['nodejs:20:1:c']}
`

const variants = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE variants PUBLIC "-//Red Hat, Inc.//DTD Variants info//EN" "variants2012.dtd">
<variants>
  <variant id="Server" name="The Server" type="variant">
    <arches><arch>x86_64</arch><arch>s390x</arch></arches>
    <groups><group default="false">core</group><group glob="true">server-*</group></groups>
    <environments><environment display_order="1">minimal</environment></environments>
    <modules><module>nodejs:20</module><kojitag>p1-modules</kojitag></modules>
    <variants>
      <variant id="optional" name="optional" type="optional"><arches><arch>x86_64</arch></arches></variant>
    </variants>
  </variant>
  <variant id="Other" name="Other" type="variant" is_empty="true"><arches><arch>s390x</arch></arches></variant>
</variants>
<!-- the end -->
`

func files(content map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, found := content[name]; found {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}
}

func TestAConfigurationIsRead(t *testing.T) {
	c, err := pungi.Read([]byte(config), files(map[string]string{"variants.xml": variants}))
	if err != nil {
		t.Fatal(err)
	}
	want := []pungi.Variant{
		{
			ID: "Server", UID: "Server", Name: "The Server", Type: "variant", Arches: []string{"x86_64"},
			Groups:       []pungi.Group{{ID: "core"}, {ID: "server-*", Glob: true, Default: true}},
			Environments: []string{"minimal"}, Modules: []string{"nodejs:20"}, ModuleTags: []string{"p1-modules"},
		},
		{ID: "optional", UID: "Server-optional", Name: "optional", Type: "optional", Arches: []string{"x86_64"}},
	}
	if diff := cmp.Diff(want, c.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	for what, pair := range map[string][2][]string{
		"tags":                 {{"p1-updates", "p1"}, c.Tags},
		"sigkeys":              {{"E99D6AD1", ""}, c.SigKeys},
		"additional":           {{"bash", "zsh-html", "grub2.x86_64"}, c.Additional("Server", "x86_64")},
		"additional elsewhere": {{"bash", "zsh-html", "more"}, c.Additional("Server-optional", "aarch64")},
		"nothing for sources":  {nil, c.Additional("Server", "src")},
		"filter":               {{"bad*"}, c.Filter("Server", "aarch64")},
		"multilib":             {{"devel", "runtime"}, c.Multilib("Server", "x86_64")},
		"no multilib":          {{}, c.Multilib("Server", "aarch64")},
		"always":               {{"wine*", "steam"}, c.MultilibAlways("x86_64")},
		"lookaside":            {{"http://base/$basearch/os"}, c.Lookaside("Server", "x86_64")},
		"modules":              {{"nodejs:20:1:c"}, c.ModuleBuilds("Server")},
		"other modules":        {nil, c.ModuleBuilds("Server-optional")},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", what, pair[1], pair[0])
		}
	}
	if !c.Koji || c.Inherit || !c.CheckDeps || !c.Deps("Server") || c.Deps("Server-optional") || c.CompsFile != "comps.xml" || c.Greedy != "none" ||
		c.Release != (pungi.Release{Name: "Product", Short: "P", Version: "1.0", Type: "ga"}) || *c.ModuleDefaults != (pungi.ModuleDefaults{Repo: "https://git/defaults", Branch: "f45", Dir: "."}) {
		t.Errorf("%+v", c)
	}
}

func TestWhatIsNotDoneIsRefusedByName(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"an import":            {"short_tag = 'p1'", "from base import *", "line 5: from is not evaluated"},
		"a format":             {"'1.0'", "'%s' % release_short", "line 4: the operator % is not evaluated"},
		"an f-string":          {"'1.0'", "f'{x}'", "line 4: f-strings are not evaluated"},
		"a call":               {"'1.0'", "open('x')", "line 4: open is not assigned before"},
		"a call of a value":    {"'1.0'", "short_tag('x')", "line 4: short_tag is not assigned before"},
		"a condition":          {"short_tag = 'p1'", "if True:", "line 5: if is not evaluated"},
		"an indented line":     {"short_tag = ", "  short_tag = ", "line 5: short_tag is indented"},
		"an unknown key":       {"create_jigdo", "create_jigsaw", "create_jigsaw is no key that is known here"},
		"an image":             {"live_images = []", "live_images = [('^x$', {'*': {}})]", `live_images asks for what is not made here: remove it, or add "live_images" to skip_phases`},
		"a boot image":         {"'buildinstall', 'createiso'", "'createiso'", `bootable asks for what is not made here`},
		"a whole tree":         {"create_jigdo = False", "gather_fulltree = True", "gather_fulltree asks for what is not done here"},
		"another checksum":     {"create_jigdo = False", "createrepo_checksum = 'md5'", `createrepo_checksum is "md5": known here are ["sha256"]`},
		"a hybrid":             {"'nodeps',", "'hybrid',", `gather_method is "hybrid"`},
		"two answers":          {"'^Server-optional$': 'nodeps'", "'^Server': 'nodeps'", "gather_method has 2 answers for the variant Server"},
		"no answer":            {"    '^Server-optional$': 'nodeps',\n", "", "gather_method has 0 answers for the variant Server-optional"},
		"a climbing file":      {"'variants.xml'", "'../variants.xml'", "variants_file is not the name of a file beside"},
		"a missing file":       {"'variants.xml'", "'other.xml'", "variants_file other.xml: no such file"},
		"no release":           {"release_name = 'Product'", "", "release_name is missing"},
		"no tag":               {"pkgset_koji_tag =", "tree_variants =", "pkgset_koji_tag is missing"},
		"an odd expression":    {"('^.*$', {'*': ['bad*']})", "('(?=x)', {'*': ['bad*']})", `filter_packages has the variants "(?=x)"`},
		"an odd mapping":       {"('^.*$', {'*': ['bad*']})", "('^.*$', 3)", "filter_packages has a member"},
		"a number for a truth": {"pkgset_koji_inherit = False", "pkgset_koji_inherit = 'no'", "pkgset_koji_inherit is neither True nor False"},
		"a multilib of files":  {"'devel', 'runtime'", "'file'", `multilib has the method "file"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(config, tt.old, tt.new, 1)
			_, err := pungi.Read([]byte(text), files(map[string]string{"variants.xml": variants}))
			if !errors.Is(err, pungi.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestVariantsThatAreNotReadAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"a layered product": {`type="variant"`, `type="layered-product"`, "layered products"},
		"a reference":       {`<variant id="optional" name="optional" type="optional"><arches><arch>x86_64</arch></arches></variant>`, `<ref id="x"/>`, `reference to "x"`},
		"no architectures":  {`<arch>x86_64</arch><arch>s390x</arch>`, ``, "has no architectures"},
		"an id of a path":   {`id="Server"`, `id="../x"`, "variant with the id"},
		"one twice":         {`id="Other"`, `id="Server"`, "or there twice"},
		"another type":      {`type="optional"`, `type="x"`, `has the type "x"`},
		"an entity":         {`The Server`, `&x;`, "entity"},
		"another document":  {`<variants>`, `<comps>`, "variants"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pungi.ParseVariants([]byte(strings.Replace(variants, tt.old, tt.new, 1)))
			if !errors.Is(err, pungi.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAnyKeyHasOnePlace(t *testing.T) {
	k := pungi.Known()
	all := slices.Concat(k.Honoured, k.WithoutEffect, k.OffOnly)
	slices.Sort(all)
	if once := slices.Compact(slices.Clone(all)); len(once) != len(all) {
		t.Errorf("%d keys, %d of them different", len(all), len(once))
	}
}

// plainJSON writes a value as the Python below does.
func plainJSON(v pungi.Value) any {
	switch v := v.(type) {
	case pungi.List:
		out := []any{"list"}
		for _, item := range v {
			out = append(out, plainJSON(item))
		}
		return out
	case pungi.Tuple:
		out := []any{"tuple"}
		for _, item := range v {
			out = append(out, plainJSON(item))
		}
		return out
	case pungi.Dict:
		out := map[string]any{}
		for key, item := range v {
			out[key] = plainJSON(item)
		}
		return out
	}
	return v
}

const literalEval = `
import ast, json, sys
def plain(v):
    if isinstance(v, (list, tuple)):
        return [type(v).__name__] + [plain(i) for i in v]
    if isinstance(v, dict):
        if any(not isinstance(k, str) for k in v):
            raise ValueError("key")
        return {k: plain(i) for k, i in v.items()}
    if isinstance(v, (bytes, set, complex)) or v is Ellipsis or isinstance(v, int) and abs(v) >= 1 << 63:
        raise ValueError(type(v))
    if isinstance(v, str):
        v.encode()
    return v
for line in sys.stdin:
    try:
        out = {}
        for node in ast.parse(json.loads(line)).body:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
                raise ValueError("statement")
            out[node.targets[0].id] = plain(ast.literal_eval(node.value))
        print(json.dumps(out), flush=True)
    except Exception:
        print("null", flush=True)
`

// literals are texts that both read, or neither.
func literals() []string {
	return []string{
		"a = 1", "a = -1", "a = 0x1F", "a = 0o17", "a = 0b11", "a = 1_000", "a = 1.5", "a = 1e3", "a = -.5", "a = 012", "a = 00", "a = 1__0", "a = 1.e2",
		"a = 'x'", `a = "it's"`, "a = 'x' 'y'", "a = ('x'\n  \"y\" # z\n 'w')", "a = r'\\d'", "a = u'x'", "a = '\\x41\\u00e4\\101\\n\\q\\\n!'", "a = '''b\nc'd''e'''", `a = """b"c"""`,
		"a = 'x\n'", "a = 'x", "a = [1, 2,]", "a = []", "a = [,]", "a = (1,)", "a = (1)", "a = ()", "a = ((1, 2), [3], {'a': (4,)})", "a = {'a': 1, 'b': None, 'a': True,}", "a = {}",
		"a = {1: 2}", "a = {1, 2}", "a = {'a'}", "a = [1", "a = 1 2", "a = 'x' 2", "a b = 1", "a = 1; b = 2", "a = 1;;b = 2", "a = \\\n 1", "a = 1 \\", "# only\n", "", "\n\n a = 1", "a = None\nb = True\nc = False",
		"a = x", "a = b()", "a = 'x'.y", "a = 1 +", "a == 1", "a += 1", "a = b = 1", "a = 'ä𝕏'", "a = '\\ud800'", "a = '\\U0001d54f'", "a = 99999999999999999999", "a = f'x'", "a = b'x'", "a = '\\", "a = [1\n]\nb = 2", "a = )", "a = (]", "a = lambda: 1",
		"a = {'a':\n 1,\n # c\n 'b': [\n2]}", "a = 1if 1else 2", "a = 0777", "a = 1_", "a = 0_7", "a = --1", "a = '\\8'", "a = '\\400'", "a = '\t'", "a = 'x'\f", "a\t=\t1", "a = 1\r\nb = '''x\r\ny'''", "a = '' ''", "a = 1 # x \\\nb = 2",
	}
}

func TestLiteralsMeanWhatPythonTakesThemFor(t *testing.T) {
	ask := python(t)
	for _, text := range append(literals(), config[:strings.Index(config, "pkgset_koji_tag")]) {
		compare(t, ask, text)
	}
}

// Texts with a few characters changed: what is read is what Python reads.
func TestNothingIsReadOtherwiseThanByPython(t *testing.T) {
	ask := python(t)
	random := rand.New(rand.NewPCG(1, 2))
	read := 0
	for range 6000 {
		texts := literals()
		text := []byte(texts[random.IntN(len(texts))])
		for range 1 + random.IntN(3) {
			at := random.IntN(len(text) + 1)
			switch other := texts[random.IntN(len(texts))]; {
			case random.IntN(3) == 0 && at < len(text):
				text = slices.Delete(text, at, at+1)
			case other != "":
				text = slices.Insert(text, at, other[random.IntN(len(other))])
			}
		}
		if v, err := pungi.Parse(text); err == nil && !bytes.ContainsAny(text, "+\f\r") && len(v.Values) > 0 {
			read++
			compare(t, ask, string(text))
		}
	}
	t.Logf("%d texts are read", read)
}

func compare(t *testing.T, ask func(string) string, text string) {
	t.Helper()
	theirs := ask(text)
	v, err := pungi.Parse([]byte(text))
	ours := "null"
	if err == nil {
		plain := map[string]any{}
		for key, value := range v.Values {
			plain[key] = plainJSON(value)
		}
		raw, err := json.Marshal(plain)
		if err != nil {
			t.Fatal(err)
		}
		ours = string(raw)
	}
	var a, b any
	if json.Unmarshal([]byte(ours), &a) != nil || json.Unmarshal([]byte(theirs), &b) != nil {
		t.Fatalf("%q: %s, %s", text, ours, theirs)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("%q: %v (-Python +Parse):\n%s", text, err, diff)
	}
}

func python(t *testing.T) func(string) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, "-I", "-W", "ignore", "-c", literalEval)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return func(text string) string {
		line, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(in, "%s\n", line); err != nil {
			t.Fatal(err)
		}
		var answer []byte
		for one := make([]byte, 1); ; {
			if _, err := io.ReadFull(out, one); err != nil {
				t.Fatal(err)
			}
			if one[0] == '\n' {
				return string(answer)
			}
			answer = append(answer, one[0])
		}
	}
}

func TestHostileConfigurationsEnd(t *testing.T) {
	for name, text := range map[string]string{
		"deep brackets":     "a = " + strings.Repeat("[", 1_000_000),
		"strings that grow": "a = 'xxxxxxxxxxxxxxxx'\n" + strings.Repeat("a = a + a\n", 60),
		"lists that grow":   "a = [1, 2, 3, 4]\n" + strings.Repeat("a = a + a\n", 60),
		"lists in lists":    "a = [1]\n" + strings.Repeat("a = [a, a]\n", 500_000),
		"no UTF-8":          "a = '\xff'",
		"too large":         strings.Repeat("#", 5<<20),
	} {
		if _, err := pungi.Parse([]byte(text)); err != nil && !errors.Is(err, pungi.ErrConfig) || err == nil && name != "lists in lists" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range literals() {
		f.Add(text)
	}
	f.Add(config)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = pungi.Read([]byte(text), files(map[string]string{"variants.xml": variants}))
	})
}

func FuzzParseVariants(f *testing.F) {
	f.Add([]byte(variants))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := pungi.ParseVariants(raw)
		if err == nil && len(all) == 0 {
			t.Fatal("no variants and no error")
		}
	})
}
