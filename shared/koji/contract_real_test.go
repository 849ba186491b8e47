//go:build realkoji

package koji_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/adler32"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// TestARealKojiKeepsTheContract runs the contract against a hub given in the
// environment. It needs a target "rawhide" (build tag "rawhide-build",
// destination "rawhide"), a host account in whose name the test plays the
// builder, and no builder that takes tasks.
//
//	DISTAFF_KOJI_HUB=http://127.0.0.1:8080
//	DISTAFF_KOJI_USER, DISTAFF_KOJI_PASSWORD        an account
//	DISTAFF_KOJI_ADMIN, DISTAFF_KOJI_ADMIN_PASSWORD an administrator, for the contract of tags
//	DISTAFF_KOJI_BUILDER, DISTAFF_KOJI_BUILDER_PASSWORD  a host
//	DISTAFF_KOJI_TLS=https://127.0.0.1:8443, DISTAFF_KOJI_CA, DISTAFF_KOJI_CERT, DISTAFF_KOJI_KEY
//	                                                for login by certificate, optional
//	DISTAFF_KOJI_KRB=https://localhost:8544, DISTAFF_KOJI_KEYTAB, DISTAFF_KOJI_KRB5_CONF, DISTAFF_KOJI_REALM
//	                                                for login by Kerberos, optional
//
//	go test -tags realkoji -run RealKoji ./shared/koji
func TestARealKojiKeepsTheContract(t *testing.T) {
	base := os.Getenv("DISTAFF_KOJI_HUB")
	if base == "" {
		t.Skip("DISTAFF_KOJI_HUB names no hub")
	}
	s := system{base: base, user: os.Getenv("DISTAFF_KOJI_USER"), password: os.Getenv("DISTAFF_KOJI_PASSWORD")}
	s.failed = func(t *testing.T) koji.TaskID { return failAsBuilder(t, s) }
	contract(t, s)
}

// TestARealKojiKeepsTheContractOfTags makes tags and imports builds that stay
// there.
func TestARealKojiKeepsTheContractOfTags(t *testing.T) {
	base := os.Getenv("DISTAFF_KOJI_HUB")
	if base == "" || os.Getenv("DISTAFF_KOJI_ADMIN") == "" {
		t.Skip("DISTAFF_KOJI_HUB names no hub, or DISTAFF_KOJI_ADMIN no administrator")
	}
	d := distro{base: base, user: os.Getenv("DISTAFF_KOJI_ADMIN"), password: os.Getenv("DISTAFF_KOJI_ADMIN_PASSWORD")}
	admin := logIn(t, base, d.user, d.password)
	methods, _ := admin.call(t, "system.listMethods").([]any)
	d.hasSideTags = slices.Contains(methods, any("createSideTag"))
	uploads := 0
	d.imports = func(t *testing.T, files []string) {
		t.Helper()
		for _, file := range files { // the source package first
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			uploads++
			dir := fmt.Sprintf("cli-import/%d.%d", time.Now().UnixNano(), uploads)
			q := url.Values{
				"filename": {filepath.Base(file)}, "filepath": {dir},
				"fileverify": {"adler32"}, "offset": {"0"}, "overwrite": {"1"},
			}
			if _, err := admin.post(t, "?"+q.Encode(), "application/octet-stream", raw); err != nil {
				t.Fatal(err)
			}
			admin.call(t, "importRPM", dir, filepath.Base(file))
		}
	}
	d.sign = func(t *testing.T, b koji.Build, key string) {
		t.Helper()
		lists, err := d.hub.BuildRPMs(t.Context(), []int64{b.ID})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range lists[0] {
			path, err := koji.RPMPath(b.Volume, b.NVR, p.NVRA)
			if err != nil {
				t.Fatal(err)
			}
			var signed bytes.Buffer
			header, err := rpmfile.Sign(bytes.NewReader(d.get(t, path)), &signed, key)
			if err != nil {
				t.Fatal(err)
			}
			admin.call(t, "addRPMSig", p.ID, base64.StdEncoding.EncodeToString(header))
			admin.call(t, "writeSignedRPM", p.ID, key)
		}
	}
	d.module = func(t *testing.T, m kojitest.Module) {
		t.Helper()
		importModule(t, admin, d.user, m)
	}
	tagContract(t, &d)
}

// importModule does what the Module Build Service does: it is a content
// generator.
func importModule(t *testing.T, admin *caller, user string, m kojitest.Module) {
	t.Helper()
	generator := m.Name + "-service" // a new one, to which nobody has access yet
	admin.call(t, "grantCGAccess", user, generator, xmlrpc.Kwargs{"create": true})
	types, _ := admin.call(t, "listBTypes").([]any)
	if !slices.ContainsFunc(types, func(row any) bool { return row.(map[string]any)["name"] == "module" }) {
		admin.call(t, "addBType", "module")
	}
	module := map[string]any{
		"name": m.Name, "stream": m.Stream, "version": m.Version, "context": m.Context,
		"content_koji_tag": m.ContentTag(), "modulemd_str": m.YAML, "module_build_service_id": 7,
	}
	// A build of a generator has some file at least.
	const log = "built\n"
	dir := fmt.Sprintf("cli-import/%d.module", time.Now().UnixNano())
	q := url.Values{"filename": {"build.log"}, "filepath": {dir}, "fileverify": {"adler32"}, "offset": {"0"}, "overwrite": {"1"}}
	if _, err := admin.post(t, "?"+q.Encode(), "application/octet-stream", []byte(log)); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(log))
	metadata, err := json.Marshal(map[string]any{
		"metadata_version": 0,
		"output": []any{map[string]any{
			"buildroot_id": 1, "filename": "build.log", "filesize": len(log), "arch": "noarch", "type": "log",
			"checksum": hex.EncodeToString(sum[:]), "checksum_type": "sha256",
		}},
		"build": map[string]any{
			"name": m.Name, "version": m.Stream, "release": m.Version + "." + m.Context, "source": nil,
			"start_time": 1700000000, "end_time": 1700000100, "owner": user,
			"extra": map[string]any{"typeinfo": map[string]any{"module": module}},
		},
		"buildroots": []any{map[string]any{
			"id": 1, "host": map[string]any{"os": "linux", "arch": "x86_64"},
			"content_generator": map[string]any{"name": generator, "version": "1"},
			"container":         map[string]any{"type": "none", "arch": "x86_64"},
			"tools":             []any{}, "components": []any{},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	admin.call(t, "CGImport", string(metadata), dir)
}

func TestARealKojiTakesACertificate(t *testing.T) {
	base := os.Getenv("DISTAFF_KOJI_TLS")
	if base == "" {
		t.Skip("DISTAFF_KOJI_TLS names no hub")
	}
	cert, err := tls.LoadX509KeyPair(os.Getenv("DISTAFF_KOJI_CERT"), os.Getenv("DISTAFF_KOJI_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(os.Getenv("DISTAFF_KOJI_CA"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	hub, err := koji.New(koji.Config{
		Name: "real", Server: base + "/kojihub", Credential: koji.Certificate(cert, roots),
		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	user, err := hub.Whoami(t.Context())
	if err != nil || user.Name != os.Getenv("DISTAFF_KOJI_USER") {
		t.Fatalf("%+v, %v", user, err)
	}
	if id := mustBuild(t, hub, scratch(unique(t))); id == 0 {
		t.Error("no task")
	}
}

func TestARealKojiTakesAKeytab(t *testing.T) {
	base := os.Getenv("DISTAFF_KOJI_KRB")
	if base == "" {
		t.Skip("DISTAFF_KOJI_KRB names no hub")
	}
	read := func(name string) []byte {
		raw, err := os.ReadFile(os.Getenv(name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	user := os.Getenv("DISTAFF_KOJI_USER")
	credential, err := koji.Keytab(user, os.Getenv("DISTAFF_KOJI_REALM"), read("DISTAFF_KOJI_KEYTAB"), string(read("DISTAFF_KOJI_KRB5_CONF")))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read("DISTAFF_KOJI_CA"))
	hub, err := koji.New(koji.Config{
		Name: "real", Server: base + "/kojihub", Credential: credential,
		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := hub.Whoami(t.Context()); err != nil || got.Name != user {
		t.Fatalf("%+v, %v", got, err)
	}
	if id := mustBuild(t, hub, scratch(unique(t))); id == 0 {
		t.Error("no task")
	}
}

// builder plays a build host: it speaks to the hub as kojid does.
type builder struct {
	t    *testing.T
	base string
	id   int64
	key  string
}

func (b *builder) call(method string, args ...any) any {
	b.t.Helper()
	raw, err := xmlrpc.Encode(method, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post("", "text/xml", string(raw))
}

func (b *builder) post(query, kind, body string) (answer any) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+"/kojihub"+query, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if b.key != "" {
		req.Header.Set("Koji-Session-Id", fmt.Sprint(b.id))
		req.Header.Set("Koji-Session-Key", b.key)
	}
	text := post(b.t, req, http.StatusOK)
	if err := xmlrpc.ReadReply(strings.NewReader(text), 1<<20, func(r *xmlrpc.Reader) { answer = r.Any() }); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

func (b *builder) child(parent koji.TaskID, method, arch, part string) koji.TaskID {
	b.t.Helper()
	id := koji.TaskID(b.call("host.subtask", method, []any{"a source", "a tag"}, int64(parent),
		xmlrpc.Kwargs{"label": part, "arch": arch}).(int64))
	b.call("host.openTask", int64(id))
	return id
}

func (b *builder) upload(id koji.TaskID, name, text string) {
	b.t.Helper()
	q := url.Values{
		"filename": {name}, "filepath": {strings.TrimPrefix(koji.TaskPath(id), "work/")},
		"fileverify": {"adler32"}, "offset": {"0"}, "overwrite": {"1"},
	}
	answer, _ := b.post("?"+q.Encode(), "application/octet-stream", text).(map[string]any)
	if want := fmt.Sprintf("%08x", adler32.Checksum([]byte(text))); answer["hexdigest"] != want {
		b.t.Fatalf("uploading %s: %v", name, answer)
	}
}

func failAsBuilder(t *testing.T, s system) koji.TaskID {
	t.Helper()
	hub := s.me(t)
	id := mustBuild(t, hub, scratch(unique(t)))
	b := &builder{t: t, base: s.base}
	login, _ := b.call("login", os.Getenv("DISTAFF_KOJI_BUILDER"), os.Getenv("DISTAFF_KOJI_BUILDER_PASSWORD")).(map[string]any)
	b.id, b.key = login["session-id"].(int64), login["session-key"].(string)
	b.call("exclusiveSession", xmlrpc.Kwargs{"force": true})
	defer b.call("logout")
	b.call("host.openTask", int64(id))
	srpm := b.child(id, "buildSRPMFromSCM", "noarch", "srpm")
	b.call("host.closeTask", int64(srpm), "<?xml version='1.0'?>\n<methodResponse><params><param><value><struct>"+
		"<member><name>srpm</name><value><string>tasks/1/1/a.src.rpm</string></value></member></struct></value></param></params></methodResponse>")
	x86, arm := b.child(id, "buildArch", "x86_64", "x86_64"), b.child(id, "buildArch", "aarch64", "aarch64")
	b.upload(x86, "build.log", brokenLog)
	b.upload(x86, "root.log", "all is installed\n")
	fault := "<?xml version='1.0'?>\n<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1005</int></value></member>" +
		"<member><name>faultString</name><value><string>" + brokenFault + "</string></value></member></struct></value></fault></methodResponse>"
	b.call("host.failTask", int64(x86), fault)
	if err := hub.Cancel(t.Context(), arm); err != nil {
		t.Fatal(err)
	}
	b.call("host.failTask", int64(id), fault)
	return id
}
