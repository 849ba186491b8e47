package frame

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/repodata"
)

// rpm is a package as these tests make them up: valid metadata, and nothing in
// it that two packages share by accident.
type rpm struct {
	name, version, arch string
	files               int
}

func (p rpm) base() string  { return p.name + "-" + p.version + "-1." + p.arch + ".rpm" }
func (p rpm) dir() string   { return "packages/" + p.name[:1] }
func (p rpm) pkgid() string { s := sha256.Sum256([]byte(p.base())); return hex.EncodeToString(s[:]) }

func (p rpm) entry() Entry {
	return Entry{Base: p.base(), Dir: p.dir(), Name: p.name, ID: Identify(p.pkgid(), p.dir(), fmt.Sprint(p.files))}
}

func (p rpm) describe() repodata.Fragment {
	id := p.pkgid()
	version := fmt.Sprintf(`<version epoch="0" ver="%s" rel="1"/>`, p.version)
	var primary, filelists, other bytes.Buffer
	fmt.Fprintf(&primary, `<package type="rpm">
  <name>%s</name>
  <arch>%s</arch>
  %s
  <checksum type="sha256" pkgid="YES">%s</checksum>
  <summary>The %s of &lt;all&gt; %ss</summary>
  <description>%s does what it is called.</description>
  <packager>Fedora Project</packager>
  <url>https://example.org/%s</url>
  <time file="1700000000" build="1700000000"/>
  <size package="%d" installed="4711" archive="4800"/>
  <location href="%s/%s"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor>Fedora Project</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>builder</rpm:buildhost>
    <rpm:sourcerpm>%s-%s-1.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="19000"/>
    <rpm:provides>
      <rpm:entry name="%s" flags="EQ" epoch="0" ver="%s" rel="1"/>
    </rpm:provides>
  </format>
</package>
`, p.name, p.arch, version, id, p.name, p.name, p.name, p.name, 1000+p.files, p.dir(), p.base(), p.name, p.version, p.name, p.version)
	fmt.Fprintf(&filelists, "<package pkgid=\"%s\" name=\"%s\" arch=\"%s\">\n  %s\n", id, p.name, p.arch, version)
	random := rand.New(rand.NewPCG(uint64(len(p.name)), hashOf(p.name)))
	for range p.files {
		filelists.WriteString("  <file>/usr/share/")
		filelists.WriteString(p.name)
		for range 2 + random.IntN(3) {
			filelists.WriteByte('/')
			filelists.WriteString(words[random.IntN(len(words))])
			filelists.WriteString(words[random.IntN(len(words))])
		}
		filelists.WriteString("</file>\n")
	}
	filelists.WriteString("</package>\n")
	fmt.Fprintf(&other, "<package pkgid=\"%s\" name=\"%s\" arch=\"%s\">\n  %s\n", id, p.name, p.arch, version)
	for i := range min(10, p.files) {
		fmt.Fprintf(&other, "  <changelog author=\"A Packager &lt;packager@example.org&gt; - %s.%d-1\" date=\"%d\">- Rebuilt for %s %s</changelog>\n",
			p.version, i, 1600000000+i*86400, words[random.IntN(len(words))], words[random.IntN(len(words))])
	}
	other.WriteString("</package>\n")
	return repodata.Fragment{Primary: primary.Bytes(), Filelists: filelists.Bytes(), Other: other.Bytes()}
}

var words = strings.Fields(`lib core net tool data conf perl python ruby go rust java qt gtk kde gnome xml json yaml http
	ssl crypt hash tree graph math font icon theme sound video image print scan mail news chat web proxy cache index doc test
	devel static common utils plugins lang server client daemon shell term edit view build make pack zip tar disk part mount
	boot kernel module driver firmware acpi usb pci bus dbus audit selinux policy role user group acl quota limit log trace`)

func hashOf(text string) uint64 { return spread(text + "!") }

// distribution makes up n packages, in families as real ones are.
func distribution(n, files int, seed uint64) []rpm {
	random := rand.New(rand.NewPCG(seed, 1))
	families := []string{"python3-", "perl-", "golang-github-", "rubygem-", "texlive-", "lib", "kf6-", "", ""}
	seen := map[string]bool{}
	var all []rpm
	for len(all) < n {
		name := families[random.IntN(len(families))] + words[random.IntN(len(words))] + "-" + words[random.IntN(len(words))]
		if random.IntN(3) > 0 {
			name += fmt.Sprintf("%s%d", words[random.IntN(len(words))], random.IntN(20))
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		version := fmt.Sprintf("%d.%d.%d", random.IntN(9), random.IntN(30), random.IntN(9))
		count := files/2 + random.IntN(files+1)
		all = append(all, rpm{name, version, "x86_64", count})
		for _, sub := range []string{"-devel", "-doc", "-libs"} {
			if len(all) < n && random.IntN(4) == 0 && !seen[name+sub] {
				seen[name+sub] = true
				all = append(all, rpm{name + sub, version, "x86_64", count})
			}
		}
		if len(all) < n && random.IntN(8) == 0 {
			all = append(all, rpm{name, version, "i686", count})
		}
	}
	return all
}

// world is what a compose is made of: packages, and a bucket.
type world struct {
	sync.Mutex
	entries  []Entry
	packages []rpm
	objects  map[string][]byte
	fetched  int
	asked    int // packages described
}

func newWorld(packages []rpm) *world {
	w := &world{objects: map[string][]byte{}}
	w.set(packages)
	return w
}

func (w *world) set(packages []rpm) {
	type both struct {
		rpm
		Entry
	}
	all := make([]both, len(packages))
	for i, p := range packages {
		all[i] = both{p, p.entry()}
	}
	slices.SortFunc(all, func(a, b both) int { return Compare(a.Entry, b.Entry) })
	w.packages, w.entries = make([]rpm, len(all)), make([]Entry, len(all))
	for i := range all {
		w.packages[i], w.entries[i] = all[i].rpm, all[i].Entry
	}
}

func (w *world) fetch(_ context.Context, key string, offset, length int64) ([]byte, error) {
	w.Lock()
	defer w.Unlock()
	w.fetched++
	object, there := w.objects[key]
	if !there || offset+length > int64(len(object)) {
		return nil, fmt.Errorf("%w: %s", ErrGone, key)
	}
	return object[offset : offset+length], nil
}

func (w *world) describe(_ context.Context, at []int) ([]repodata.Fragment, error) {
	w.Lock()
	w.asked += len(at)
	w.Unlock()
	made := make([]repodata.Fragment, len(at))
	for i, position := range at {
		made[i] = w.packages[position].describe()
	}
	return made, nil
}

func (w *world) builder() *Builder {
	return &Builder{Fetch: w.fetch, Describe: w.describe}
}

// build writes everything and keeps it under a name.
func (w *world) build(t testing.TB, b *Builder, name string, old ...*Index) (*Result, [3][]byte) {
	t.Helper()
	var buffers [3]bytes.Buffer
	result, err := b.Build(context.Background(), w.entries, old, [3]io.Writer{&buffers[0], &buffers[1], &buffers[2]})
	if err != nil {
		t.Fatal(err)
	}
	var written [3][]byte
	for k := range buffers {
		written[k] = buffers[k].Bytes()
		result.Index.Keys[k] = name + "/" + string(Documents()[k])
		w.objects[result.Index.Keys[k]] = written[k]
		if int64(len(written[k])) != result.Objects[k].Size {
			t.Fatalf("%s has %d bytes, said %d", Documents()[k], len(written[k]), result.Objects[k].Size)
		}
		if sum := sha256.Sum256(written[k]); hex.EncodeToString(sum[:]) != result.Objects[k].Checksum {
			t.Fatalf("%s: wrong checksum", Documents()[k])
		}
	}
	return result, written
}

func three(f repodata.Fragment) [3][]byte { return [3][]byte{f.Primary, f.Filelists, f.Other} }

// plain is what the three documents must hold.
func (w *world) plain() [3][]byte {
	var all [3][]byte
	for k := range all {
		all[k] = repodata.Head(Documents()[k], len(w.packages))
	}
	for _, p := range w.packages {
		for k, text := range three(p.describe()) {
			all[k] = append(all[k], text...)
		}
	}
	for k := range all {
		all[k] = append(all[k], repodata.Tail(Documents()[k])...)
	}
	return all
}

// same compares written objects with what they must hold, read by decoders
// that know nothing of frames.
func (w *world) same(t testing.TB, result *Result, written [3][]byte) {
	t.Helper()
	for k, want := range w.plain() {
		var reader io.Reader
		var err error
		if result.Index.Format.Compression == "gzip" {
			reader, err = gzip.NewReader(bytes.NewReader(written[k]))
		} else {
			reader, err = zstd.NewReader(bytes.NewReader(written[k]))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes, not the %d expected", Documents()[k], len(got), len(want))
		}
		sum := sha256.Sum256(want)
		if result.Objects[k].OpenSize != int64(len(want)) ||
			result.Objects[k].OpenChecksum != "" && result.Objects[k].OpenChecksum != hex.EncodeToString(sum[:]) {
			t.Fatalf("%s: open size %d, open checksum %s", Documents()[k], result.Objects[k].OpenSize, result.Objects[k].OpenChecksum)
		}
	}
}
