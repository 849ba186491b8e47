package foreign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/wire"
)

// someone is somebody else's repository, on a loopback server.
type someone struct {
	sync.Mutex
	files map[string][]byte
	asked map[string]int
	*httptest.Server
	repomd repodata.Repomd
}

func newSomeone(t testing.TB) *someone {
	s := &someone{files: map[string][]byte{}, asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Lock()
		defer s.Unlock()
		path := strings.TrimPrefix(r.URL.Path, "/repo/")
		s.asked[path]++
		body, there := s.files[path]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *someone) url() string { return s.URL + "/repo/" }

func sum(data []byte) repodata.Checksum {
	digest := sha256.Sum256(data)
	return repodata.Checksum{Type: "sha256", Hex: hex.EncodeToString(digest[:])}
}

// put adds a metadata file and lists it.
func (s *someone) put(t testing.TB, kind repodata.Kind, compression string, text string) {
	t.Helper()
	packed := pack(t, compression, []byte(text))
	location := "repodata/" + string(kind) + compression
	s.files[location] = packed
	s.repomd.Data = append(s.repomd.Data, repodata.Data{
		Type: kind, Location: location, Size: int64(len(packed)), OpenSize: int64(len(text)),
		Checksum: sum(packed), OpenChecksum: sum([]byte(text)), Timestamp: 1,
	})
	s.list(t)
}

func (s *someone) list(t testing.TB) {
	t.Helper()
	s.repomd.Revision = "1"
	encoded, err := s.repomd.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.files["repodata/repomd.xml"] = encoded
}

func pack(t testing.TB, compression string, text []byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	switch compression {
	case ".gz":
		w := gzip.NewWriter(&buffer)
		_, _ = w.Write(text)
		_ = w.Close()
	case ".zst":
		w, _ := zstd.NewWriter(&buffer)
		_, _ = w.Write(text)
		_ = w.Close()
	case ".xz":
		w, err := xz.NewWriter(&buffer)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(text)
		_ = w.Close()
	case ".bz2":
		bzip2, err := exec.LookPath("bzip2")
		if err != nil {
			t.Skip("bzip2 is not installed")
		}
		cmd := exec.CommandContext(t.Context(), bzip2, "-c")
		cmd.Stdin, cmd.Stdout = bytes.NewReader(text), &buffer
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	default:
		return text
	}
	return buffer.Bytes()
}

// contentOf stands for a package's file.
func contentOf(name string) []byte { return bytes.Repeat([]byte(name+"\n"), 4242)[:4242] }

func pkgid(name string) string { return sum(contentOf(name)).Hex }

func primaryOf(name, location string) string {
	return fmt.Sprintf(`<package type="rpm">
  <name>%[1]s</name>
  <arch>x86_64</arch>
  <version epoch="1" ver="2.0" rel="3.fc45"/>
  <checksum type="sha256" pkgid="YES">%[2]s</checksum>
  <summary>Says &lt;hello&gt; &amp; more</summary>
  <description></description>
  <packager></packager>
  <url></url>
  <time file="1700000001" build="1700000000"/>
  <size package="4242" installed="100" archive="200"/>
  %[3]s
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor></rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>builder</rpm:buildhost>
    <rpm:sourcerpm>%[1]s-2.0-3.fc45.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="9000"/>
    <rpm:provides>
      <rpm:entry name="%[1]s" flags="EQ" epoch="1" ver="2.0" rel="3.fc45"/>
    </rpm:provides>
    <file>/usr/bin/%[1]s</file>
  </format>
</package>
`, name, pkgid(name), location)
}

func filelistsOf(name string) string {
	return fmt.Sprintf(`<package pkgid="%s" name="%s" arch="x86_64">
  <version epoch="1" ver="2.0" rel="3.fc45"/>
  <file>/usr/bin/%s</file>
</package>
`, pkgid(name), name, name)
}

func otherOf(name string) string {
	return fmt.Sprintf(`<package pkgid="%s" name="%s" arch="x86_64">
  <version epoch="1" ver="2.0" rel="3.fc45"/>
  <changelog author="A &lt;a@example.org&gt; - 2.0-3" date="1700000000">- New</changelog>
</package>
`, pkgid(name), name)
}

func documentOf(kind repodata.Kind, packages ...string) string {
	return string(repodata.Head(kind, len(packages))) + strings.Join(packages, "") + string(repodata.Tail(kind))
}

// usual is a repository of a few packages.
func usual(t testing.TB, compression string, names ...string) *someone {
	t.Helper()
	s := newSomeone(t)
	var primary, filelists, other []string
	for _, name := range names {
		primary = append(primary, primaryOf(name, fmt.Sprintf(`<location href="Packages/%s-2.0-3.fc45.x86_64.rpm"/>`, name)))
		filelists = append(filelists, filelistsOf(name))
		other = append(other, otherOf(name))
		s.files["Packages/"+name+"-2.0-3.fc45.x86_64.rpm"] = contentOf(name)
	}
	s.put(t, repodata.Primary, compression, documentOf(repodata.Primary, primary...))
	s.put(t, repodata.Filelists, compression, documentOf(repodata.Filelists, filelists...))
	s.put(t, repodata.Other, compression, documentOf(repodata.Other, other...))
	return s
}

func client() *Client {
	return &Client{Wire: wire.Client{System: "repository", Tries: 1, Pause: time.Millisecond}}
}
