package koji_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/rpm"
)

// distro is a Koji under the contract of tags: one in which tags can be made and
// builds brought in. Names of tags and packages are new ones, because the hub
// may have a history.
type distro struct {
	base           string // before /kojihub and /kojifiles
	user, password string // of an administrator
	imports        func(t *testing.T, files []string)
	sign           func(t *testing.T, b koji.Build, key string)
	module         func(t *testing.T, m kojitest.Module)
	now            string // in all names
	hub            *koji.Hub
	admin          *caller
	hasSideTags    bool
}

const someKey = "a15b79cc"

// caller makes calls our own client does not have: those of an administrator.
type caller struct {
	base, key string
	id        int64
}

func (c *caller) call(t *testing.T, method string, args ...any) any {
	t.Helper()
	raw, err := xmlrpc.Encode(method, args...)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.post(t, "", "text/xml", raw)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return answer
}

func (c *caller) post(t *testing.T, query, kind string, body []byte) (answer any, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/kojihub"+query, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if c.key != "" {
		req.Header.Set("Koji-Session-Id", fmt.Sprint(c.id))
		req.Header.Set("Koji-Session-Key", c.key)
	}
	text := post(t, req, http.StatusOK)
	err = xmlrpc.ReadReply(strings.NewReader(text), 1<<20, func(r *xmlrpc.Reader) { answer = r.Any() })
	return answer, err
}

func logIn(t *testing.T, base, user, password string) *caller {
	t.Helper()
	c := &caller{base: base}
	session, _ := c.call(t, "login", user, password).(map[string]any)
	c.id, c.key = session["session-id"].(int64), session["session-key"].(string)
	return c
}

// tagContract is what both the real hub and ours hold to about tags.
func tagContract(t *testing.T, d *distro) {
	t.Helper()
	d.now = fmt.Sprintf("c%d", time.Now().UnixNano())
	d.admin = logIn(t, d.base, d.user, d.password)
	hub, err := koji.New(koji.Config{
		Name: "contract", Server: d.base + "/kojihub", Files: d.base + "/kojifiles",
		Credential: koji.Password(d.user, d.password), Pause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.hub = hub
	for _, c := range []struct {
		name  string
		check func(*testing.T, distro)
	}{
		{"a tag tells what it is", contractTag},
		{"a tag that does not exist is missing, and so is a deleted one", contractNoTag},
		{"inheritance is listed in the order of the search", contractInheritance},
		{"every change has an event, and what was before it can be asked for", contractEvents},
		{"what was tagged last is the latest, and stands before what is inherited", contractLatest},
		{"a blocked package is not seen", contractBlocked},
		{"packages are asked for by name, few or many", contractPackages},
		{"builds are found by name and by number, and all missing ones are named", contractBuilds},
		{"packages, their signatures and checksums", contractSignatures},
		{"files lie where the paths say", contractFiles},
		{"of many calls one may fail", contractMultiCall},
		{"tags are found by a pattern", contractPattern},
		{"side tags come and go", contractSideTags},
		{"a module build says what it is", contractModule},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, *d) })
	}
}

func TestTheLocalKojiKeepsTheContractOfTags(t *testing.T) {
	server, hub := local(t, kojitest.Script{}, func(c *kojitest.Config) { c.Admins = []string{"ci"} })
	d := distro{base: strings.TrimSuffix(hubAddress(t, hub), "/kojihub"), user: "ci", password: "s3cret-word", hasSideTags: true}
	d.imports = func(t *testing.T, files []string) {
		t.Helper()
		if _, err := server.Import(kojitest.Import{Files: files}); err != nil {
			t.Fatal(err)
		}
	}
	d.sign = func(t *testing.T, b koji.Build, key string) {
		t.Helper()
		if err := server.Sign(b.String(), key); err != nil {
			t.Fatal(err)
		}
	}
	d.module = func(t *testing.T, m kojitest.Module) {
		t.Helper()
		if _, err := server.ImportModule(m); err != nil {
			t.Fatal(err)
		}
	}
	tagContract(t, &d)
}

// tag makes a tag below others.
func (d distro) tag(t *testing.T, name string, parents ...string) koji.Tag {
	t.Helper()
	name = d.now + "-" + name
	d.admin.call(t, "createTag", name, xmlrpc.Kwargs{"arches": "x86_64 aarch64", "extra": map[string]any{"mock.package_manager": "dnf"}})
	for i, parent := range parents {
		d.inherit(t, name, parent, int64(i*10), nil)
	}
	tag, err := d.hub.Tag(t.Context(), name, 0)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func (d distro) inherit(t *testing.T, name, parent string, priority int64, more map[string]any) {
	t.Helper()
	above, err := d.hub.Tag(t.Context(), parent, 0)
	if err != nil {
		t.Fatal(err)
	}
	link := map[string]any{
		"parent_id": above.ID, "priority": priority, "intransitive": false, "noconfig": false, "pkg_filter": "",
	}
	for key, value := range more {
		link[key] = value
	}
	if link["maxdepth"] == nil {
		// The hub wants the member, and nil cannot be sent.
		link["maxdepth"] = 100
	}
	d.admin.call(t, "setInheritanceData", name, []any{link})
}

// build brings a build in: a source package and two others.
func (d distro) build(t *testing.T, name, version string) koji.Build {
	t.Helper()
	nvr := rpm.NVR{Name: d.now + "-" + name, EVR: rpm.EVR{Version: version, Release: "1.fc45"}}
	var files []string
	dir := t.TempDir()
	for _, p := range []rpmfile.Spec{
		{NVRA: rpm.NVRA{NVR: nvr, Arch: "src"}},
		{NVRA: rpm.NVRA{NVR: nvr, Arch: "x86_64"}, SourceRPM: nvr.String() + ".src.rpm", Files: []string{"/usr/bin/a"}},
		{NVRA: rpm.NVRA{NVR: rpm.NVR{Name: nvr.Name + "-doc", EVR: nvr.EVR}, Arch: "noarch"}, SourceRPM: nvr.String() + ".src.rpm"},
	} {
		p.BuildTime, p.License, p.Summary = 1700000000, "MIT", "For the contract"
		files = append(files, filepath.Join(dir, p.File()))
		if err := os.WriteFile(files[len(files)-1], p.Encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.imports(t, files)
	builds, err := d.hub.Builds(t.Context(), []string{nvr.String()})
	if err != nil {
		t.Fatal(err)
	}
	return builds[0]
}

func (d distro) list(t *testing.T, tag koji.Tag, builds ...koji.Build) {
	t.Helper()
	for _, b := range builds {
		d.admin.call(t, "packageListAdd", tag.Name, b.Name, d.user)
	}
}

func (d distro) put(t *testing.T, tag koji.Tag, builds ...koji.Build) {
	t.Helper()
	for _, b := range builds {
		d.admin.call(t, "tagBuildBypass", tag.Name, b.String())
	}
}

func (d distro) event(t *testing.T) int64 {
	t.Helper()
	e, err := d.hub.LastEvent(t.Context())
	if err != nil || e.ID == 0 || time.Since(e.At).Abs() > time.Hour {
		t.Fatalf("%+v, %v", e, err)
	}
	return e.ID
}

func contractTag(t *testing.T, d distro) {
	got := d.tag(t, "what")
	want := koji.Tag{
		ID: got.ID, Name: d.now + "-what", Arches: []string{"x86_64", "aarch64"},
		Extra: map[string]any{"mock.package_manager": "dnf"},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.ID == 0 {
		t.Error(diff)
	}
}

func wantMissing(t *testing.T, err error, kind string, names ...string) {
	t.Helper()
	var missing *koji.MissingError
	if !errors.As(err, &missing) || missing.Kind != kind || !slices.Equal(missing.Names, names) {
		t.Errorf("the error is %v, not that %s %v is missing", err, kind, names)
	}
}

func contractNoTag(t *testing.T, d distro) {
	gone := d.tag(t, "gone")
	before := d.event(t)
	d.admin.call(t, "deleteTag", gone.Name)
	if _, err := d.hub.Tag(t.Context(), gone.Name, before); err != nil {
		t.Errorf("a tag as it was before it was deleted: %v", err)
	}
	if parents, err := d.hub.FullInheritance(t.Context(), gone.Name, 0); err != nil || len(parents) != 0 {
		t.Errorf("a deleted tag inherits %v, %v", parents, err)
	}
	for _, name := range []string{d.now + "-never", gone.Name} {
		_, err := d.hub.Tag(t.Context(), name, 0)
		wantMissing(t, err, "tag", name)
		_, _, err = d.hub.Tagged(t.Context(), koji.TagQuery{Tag: name})
		wantMissing(t, err, "tag", name)
		_, err = d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: name, Packages: []string{"a", "b"}})
		wantMissing(t, err, "tag", name)
	}
	_, err := d.hub.FullInheritance(t.Context(), d.now+"-never", 0)
	wantMissing(t, err, "tag", d.now+"-never")
}

func contractInheritance(t *testing.T, d distro) {
	a, b := d.tag(t, "a"), d.tag(t, "b")
	c := d.tag(t, "c", a.Name)
	own := d.tag(t, "own")
	d.inherit(t, own.Name, c.Name, 5, nil)
	d.inherit(t, own.Name, b.Name, 0, map[string]any{"intransitive": true, "pkg_filter": "^bash", "maxdepth": 0})
	below := d.tag(t, "below", own.Name)
	parents, err := d.hub.FullInheritance(t.Context(), own.Name, 0)
	want := []koji.Parent{
		{ID: b.ID, Name: b.Name, Child: own.ID, Depth: 1, Intransitive: true, Filter: []string{"^bash"}},
		{ID: c.ID, Name: c.Name, Child: own.ID, Depth: 1},
		{ID: a.ID, Name: a.Name, Child: c.ID, Depth: 2},
	}
	if diff := cmp.Diff(want, parents); diff != "" || err != nil {
		t.Error(err, diff)
	}
	parents, err = d.hub.FullInheritance(t.Context(), below.Name, 0)
	want = []koji.Parent{
		{ID: own.ID, Name: own.Name, Child: below.ID, Depth: 1},
		{ID: c.ID, Name: c.Name, Child: own.ID, Depth: 2},
		{ID: a.ID, Name: a.Name, Child: c.ID, Depth: 3},
	}
	if diff := cmp.Diff(want, parents); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func contractEvents(t *testing.T, d distro) {
	tag := d.tag(t, "events")
	b := d.build(t, "events", "1")
	before := d.event(t)
	d.list(t, tag, b)
	d.put(t, tag, b)
	tagged := d.event(t)
	d.admin.call(t, "untagBuild", tag.Name, b.String())
	for event, want := range map[int64]int{before: 0, tagged: 1, d.event(t): 0, 0: 0} {
		builds, err := d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Event: event})
		rpms, same, failed := d.hub.Tagged(t.Context(), koji.TagQuery{Tag: tag.Name, Event: event})
		if err != nil || failed != nil || len(builds) != want || len(rpms) != 3*want || !cmp.Equal(builds, same) && want > 0 {
			t.Errorf("at %d: %v, %v, %d packages, %v", event, builds, err, len(rpms), failed)
		}
	}
	for event, want := range map[int64]bool{before: true, tagged: true, d.event(t): false} {
		if changed, err := d.hub.TagChangedSince(t.Context(), event, []int64{tag.ID}); err != nil || changed != want {
			t.Errorf("since %d: %v, %v", event, changed, err)
		}
	}
	if e, err := d.hub.Event(t.Context(), before); err != nil || e.ID != before || e.At.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	_, err := d.hub.Event(t.Context(), 1<<30)
	wantMissing(t, err, "event", "1073741824")
}

func contractLatest(t *testing.T, d distro) {
	parent := d.tag(t, "parent")
	tag := d.tag(t, "child", parent.Name)
	newer, older, other := d.build(t, "same", "2"), d.build(t, "same", "1"), d.build(t, "other", "1")
	d.list(t, parent, newer, other)
	d.put(t, parent, newer, other)
	d.put(t, tag, newer, older) // older is tagged last
	latest, err := d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Inherit: true, Latest: true, NoDrafts: true})
	var names, where []string
	for _, b := range latest {
		names, where = append(names, b.String()), append(where, b.Tag)
	}
	if diff := cmp.Diff([]string{older.String(), other.String()}, names); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if diff := cmp.Diff([]string{tag.Name, parent.Name}, where); diff != "" {
		t.Error(diff)
	}
	if latest[0].Event <= latest[1].Event || latest[0].Volume != "DEFAULT" || latest[0].ID != older.ID {
		t.Errorf("%+v", latest)
	}
	all, err := d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Inherit: true})
	if err != nil || len(all) != 4 {
		t.Errorf("%d builds, %v", len(all), err)
	}
	rpms, _, err := d.hub.Tagged(t.Context(), koji.TagQuery{Tag: tag.Name, Inherit: true, Latest: true, Arches: []string{"noarch", "src"}})
	if err != nil || len(rpms) != 4 || slices.ContainsFunc(rpms, func(p koji.RPM) bool { return p.Arch == "x86_64" || p.Sigkeys != nil }) {
		t.Errorf("%+v, %v", rpms, err)
	}
}

func contractBlocked(t *testing.T, d distro) {
	parent := d.tag(t, "listing")
	tag := d.tag(t, "blocking", parent.Name)
	b, unlisted := d.build(t, "blocked", "1"), d.build(t, "unlisted", "1")
	d.list(t, parent, b)
	d.put(t, parent, b, unlisted)
	for _, want := range []int{1, 0} {
		builds, err := d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Inherit: true})
		if err != nil || len(builds) != want {
			t.Errorf("%v, %v", builds, err)
		}
		if want == 1 {
			d.admin.call(t, "packageListBlock", tag.Name, b.Name)
		}
	}
}

func contractPackages(t *testing.T, d distro) {
	tag := d.tag(t, "many")
	one, two, three := d.build(t, "one", "1"), d.build(t, "two", "1"), d.build(t, "three", "1")
	d.list(t, tag, one, two, three)
	d.put(t, tag, one, two, three)
	many := []string{one.Name, three.Name}
	for i := range 60 {
		many = append(many, fmt.Sprint("no-such-package-", i))
	}
	for _, wanted := range [][]string{{one.Name, three.Name}, {one.Name, "no-such-package", three.Name}, many} {
		rpms, builds, err := d.hub.Tagged(t.Context(), koji.TagQuery{Tag: tag.Name, Packages: wanted, Latest: true})
		if err != nil || len(builds) != 2 || len(rpms) != 6 {
			t.Errorf("%d builds, %d packages, %v", len(builds), len(rpms), err)
		}
		builds, err = d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Packages: wanted})
		if err != nil || len(builds) != 2 {
			t.Errorf("%d builds, %v", len(builds), err)
		}
	}
	rpms, _, err := d.hub.Tagged(t.Context(), koji.TagQuery{Tag: tag.Name, Package: two.Name})
	if err != nil || len(rpms) != 3 {
		t.Errorf("%d packages, %v", len(rpms), err)
	}
}

func contractBuilds(t *testing.T, d distro) {
	b, c := d.build(t, "found", "1"), d.build(t, "found", "2")
	if b.State != koji.Complete || b.Volume != "DEFAULT" || b.TaskID != 0 || b.Draft || b.Module != nil || b.Completed.IsZero() || b.Owner != d.user {
		t.Errorf("%+v", b)
	}
	got, err := d.hub.Builds(t.Context(), []string{c.String(), b.String(), c.String()})
	if diff := cmp.Diff([]koji.Build{c, b, c}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	names := []string{"no-such-1-1", b.String(), "this is no name", "../etc-1-1"}
	got, err = d.hub.Builds(t.Context(), names)
	wantMissing(t, err, "build", names[0], names[2], names[3])
	if len(got) != 4 || got[0].ID != 0 || got[1].ID != b.ID {
		t.Errorf("%+v", got)
	}
	got, err = d.hub.BuildsByID(t.Context(), []int64{1 << 30, c.ID})
	wantMissing(t, err, "build", "1073741824")
	if len(got) != 2 || got[1].String() != c.String() {
		t.Errorf("%+v", got)
	}
}

func contractSignatures(t *testing.T, d distro) {
	tag := d.tag(t, "signed")
	b := d.build(t, "signed", "1")
	d.list(t, tag, b)
	d.put(t, tag, b)
	lists, err := d.hub.BuildRPMs(t.Context(), []int64{b.ID, 1 << 30})
	if err != nil || len(lists) != 2 || len(lists[0]) != 3 || lists[1] != nil {
		t.Fatalf("%+v, %v", lists, err)
	}
	var ids []int64
	for _, p := range lists[0] {
		ids = append(ids, p.ID)
		if p.BuildID != b.ID || p.Size == 0 || p.Payload == "" || !p.Built.Equal(time.Unix(1700000000, 0)) {
			t.Errorf("%+v", p)
		}
	}
	ids = append(ids, 1<<30)
	signatures, err := d.hub.Signatures(t.Context(), ids)
	if diff := cmp.Diff([][]string{{""}, {""}, {""}, nil}, signatures); diff != "" || err != nil {
		t.Error(err, diff)
	}
	sums, err := d.hub.Checksums(t.Context(), ids, false)
	if diff := cmp.Diff([][]koji.Checksum{nil, nil, nil, nil}, sums); diff != "" || err != nil {
		t.Error("a checksum nobody has worked out", err, diff)
	}
	before := d.event(t)
	d.sign(t, b, someKey)
	if changed, err := d.hub.TagChangedSince(t.Context(), before, []int64{tag.ID}); err != nil || changed {
		t.Errorf("a signature changes the tag: %v, %v", changed, err)
	}
	if signatures, err = d.hub.Signatures(t.Context(), ids[:1]); err != nil || !cmp.Equal(sorted(signatures[0]), []string{"", someKey}) {
		t.Errorf("%q, %v", signatures, err)
	}
	rpms, _, err := d.hub.Tagged(t.Context(), koji.TagQuery{Tag: tag.Name, Signatures: true})
	if err != nil || len(rpms) != 3 {
		t.Fatalf("%+v, %v", rpms, err)
	}
	for _, p := range rpms {
		if !cmp.Equal(p.Sigkeys, []string{"", someKey}) {
			t.Errorf("%+v", p)
		}
	}
	sums, err = d.hub.Checksums(t.Context(), ids, false)
	if err != nil || len(sums[0]) != 1 || sums[0][0].Sigkey != someKey || sums[3] != nil {
		t.Fatalf("%v, %v", sums, err)
	}
	where, err := koji.SignedPath(b.Volume, b.NVR, lists[0][0].NVRA, someKey)
	if err != nil {
		t.Fatal(err)
	}
	d.wantSum(t, where, sums[0][0].SHA256)
	computed, err := d.hub.Checksums(t.Context(), ids, true)
	if err != nil || len(computed[0]) != 2 || computed[3] != nil {
		t.Fatalf("%v, %v", computed, err)
	}
	plain, err := koji.RPMPath(b.Volume, b.NVR, lists[0][0].NVRA)
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range computed[0] {
		d.wantSum(t, map[string]string{"": plain, someKey: where}[sum.Sigkey], sum.SHA256)
	}
	// What the hub wrote is what its signature header and our file make.
	var signed bytes.Buffer
	if _, err := rpmfile.Sign(bytes.NewReader(d.get(t, plain)), &signed, someKey); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(signed.Bytes(), d.get(t, where)) {
		t.Error("the signed copy is another one")
	}
	if stored, err := d.hub.Checksums(t.Context(), ids[:1], false); err != nil || len(stored[0]) != 2 {
		t.Errorf("what was worked out is not stored: %v, %v", stored, err)
	}
}

func sorted(list []string) []string { slices.Sort(list); return list }

func (d distro) get(t *testing.T, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.hub.FilesURL(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(post(t, req, http.StatusOK))
}

func (d distro) wantSum(t *testing.T, path, want string) {
	t.Helper()
	sum := sha256.Sum256(d.get(t, path))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("%s has %s, the hub says %s", path, got, want)
	}
}

func contractFiles(t *testing.T, d distro) {
	b := d.build(t, "files", "1~rc1^git")
	lists, err := d.hub.BuildRPMs(t.Context(), []int64{b.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lists[0] {
		path, err := koji.RPMPath(b.Volume, b.NVR, p.NVRA)
		if err != nil {
			t.Fatal(err)
		}
		whole := d.get(t, path)
		info, err := rpmfile.Read(bytes.NewReader(whole))
		if err != nil || info.NVRA != p.NVRA || int64(len(whole)) != p.Size || info.MD5 != p.Payload {
			t.Errorf("%+v, %v", info, err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.hub.FilesURL(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", "bytes=96-195")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := fmt.Sprintf("bytes 96-195/%d", len(whole)); resp.StatusCode != http.StatusPartialContent ||
			resp.Header.Get("Content-Range") != want || resp.Header.Get("Etag") == "" || resp.Header.Get("Last-Modified") == "" {
			t.Errorf("%d, %v", resp.StatusCode, resp.Header)
		}
	}
}

func contractMultiCall(t *testing.T, d distro) {
	b := d.build(t, "multi", "1")
	var calls []koji.Call
	names := make([]string, 600)
	for i := range names {
		calls = append(calls, koji.Call{Method: "getBuild", Args: []any{b.ID}, Read: func(r *xmlrpc.Reader) {
			for name := range r.Members() {
				if name == "nvr" {
					names[i] = r.Text()
				}
			}
		}})
	}
	calls[7] = koji.Call{Method: "getBuild", Args: []any{"no-1-1", xmlrpc.Kwargs{"strict": true}}, Read: func(*xmlrpc.Reader) {}}
	calls[9] = koji.Call{Method: "noSuchCall", Read: func(*xmlrpc.Reader) {}}
	errs, err := d.hub.MultiCall(t.Context(), calls)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		switch i {
		case 7:
			wantFault(t, err, koji.FaultGeneric, "No such build")
		case 9:
			if !errors.Is(err, koji.ErrNoCall) {
				t.Error(err)
			}
		default:
			if err != nil || names[i] != b.String() {
				t.Fatalf("call %d: %q, %v", i, names[i], err)
			}
		}
	}
}

func contractPattern(t *testing.T, d distro) {
	one, two := d.tag(t, "pattern-1"), d.tag(t, "pattern-2")
	tags, err := d.hub.Tags(t.Context(), d.now+"-pattern-*")
	if err != nil || len(tags) != 2 || tags[0].ID != one.ID || tags[1].Name != two.Name {
		t.Errorf("%+v, %v", tags, err)
	}
	if tags, err = d.hub.Tags(t.Context(), d.now+"-pattern-?x"); err != nil || len(tags) != 0 {
		t.Errorf("%+v, %v", tags, err)
	}
}

func contractSideTags(t *testing.T, d distro) {
	base := d.tag(t, "base")
	if !d.hasSideTags {
		_, err := d.hub.SideTags(t.Context(), base.Name, "")
		if !errors.Is(err, koji.ErrNoCall) {
			t.Error(err)
		}
		t.Skip("this hub has no side tags")
	}
	side, err := d.hub.CreateSideTag(t.Context(), base.Name)
	if err != nil || !strings.HasPrefix(side.Name, base.Name+"-side-") {
		t.Fatalf("%+v, %v", side, err)
	}
	for _, user := range []string{"", d.user} {
		tags, err := d.hub.SideTags(t.Context(), base.Name, user)
		if err != nil || len(tags) != 1 || tags[0].ID != side.ID || tags[0].Owner != d.user || tags[0].OwnerID == 0 {
			t.Errorf("%+v, %v", tags, err)
		}
	}
	parents, err := d.hub.FullInheritance(t.Context(), side.Name, 0)
	if err != nil || len(parents) != 1 || parents[0].ID != base.ID {
		t.Errorf("%+v, %v", parents, err)
	}
	if target, found, err := d.hub.Target(t.Context(), side.Name); err != nil || !found || target.DestTag != side.Name {
		t.Errorf("%+v, %v", target, err)
	}
	if err := d.hub.RemoveSideTag(t.Context(), side.Name); err != nil {
		t.Error(err)
	}
	wantMissing(t, d.hub.RemoveSideTag(t.Context(), side.Name), "tag", side.Name)
	_, err = d.hub.CreateSideTag(t.Context(), d.now+"-never")
	wantMissing(t, err, "tag", d.now+"-never")
}

func contractModule(t *testing.T, d distro) {
	tag := d.tag(t, "modular")
	plain := d.build(t, "plain", "1")
	m := kojitest.Module{
		Name: d.now + "-mod", Stream: "rolling", Version: "20260101000000", Context: "a1b2c3d4", YAML: "---\ndata: <é> & more\n...\n",
	}
	d.module(t, m)
	builds, err := d.hub.Builds(t.Context(), []string{m.Name + "-rolling-20260101000000.a1b2c3d4"})
	if err != nil {
		t.Fatal(err)
	}
	got := builds[0].Module
	if got == nil || got.ServiceID == 0 {
		t.Fatalf("%+v", builds[0])
	}
	want := koji.Module{
		Name: m.Name, Stream: m.Stream, Version: m.Version, Context: m.Context, ContentTag: m.ContentTag(),
		ServiceID: got.ServiceID, YAML: m.YAML,
	}
	if diff := cmp.Diff(want, *got); diff != "" || builds[0].Generator == "" {
		t.Error(diff)
	}
	d.list(t, tag, builds[0], plain)
	d.put(t, tag, builds[0], plain)
	for kind, want := range map[string]int{"": 2, "module": 1, "rpm": 1} {
		if found, err := d.hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: tag.Name, Type: kind}); err != nil || len(found) != want {
			t.Errorf("of type %q: %+v, %v", kind, found, err)
		}
	}
}
