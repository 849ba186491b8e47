package bench

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkMetadata makes the metadata of 2,000 packages (200 with -short) that
// rpmbuild made, a gigabyte, by the parts compose-make is made of and by
// createrepo_c: the distribution's, and the one DISTAFF_CREATEREPO_C names,
// version 1.2.4 or later. What ours is compared with, it has to equal byte by
// byte. All are processes, measured alike; ratios are of processor time.
func BenchmarkMetadata(b *testing.B) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		b.Skip("rpmbuild is not on this machine")
	}
	n := 2000
	if testing.Short() {
		n = 200
	}
	made, err := makeRPMs(b.Context(), n)
	if err != nil {
		b.Fatal(err)
	}
	m := newMatch(b, made)
	m.rounds = 5
	all := []contestant{
		m.theirs(m.debian, "gzip", "before", "", "--no-database"),
		m.theirs(m.debian, "gzip, with databases, its default", "before", ""),
		m.theirs(m.upstream, "zstd, its default", "before", ""),
	}
	m.play("cold: nothing known, every package is read to its end", append(all,
		m.ours("gzip", m.debian, metadata{List: m.cold, Dir: made.before, Gzip: true}),
		m.ours("zstd", m.upstream, metadata{List: m.cold, Dir: made.before}),
		m.ours("zstd, by HTTP", m.upstream, metadata{List: m.cold, Server: m.server}),
	))
	m.play("checksums known, as Koji tells them: headers alone are read", append(all,
		m.theirs(m.debian, "gzip, --cachedir, warm", "before", "", "--no-database", "--cachedir", m.cache("debian", m.debian)),
		m.theirs(m.upstream, "zstd, --cachedir, warm", "before", "", "--cachedir", m.cache("upstream", m.upstream)),
		m.ours("gzip", m.debian, metadata{List: m.known, Dir: made.before, Gzip: true}),
		m.ours("zstd", m.upstream, metadata{List: m.known, Dir: made.before}),
		m.ours("gzip, by HTTP", m.debian, metadata{List: m.known, Server: m.server, Gzip: true}),
		m.ours("zstd, by HTTP", m.upstream, metadata{List: m.known, Server: m.server}),
	))
	m.updates()
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMetadataUpdate is about the same metadata with little changed, for
// 20,000 packages (2,000 with -short): a distribution's tag. Their files are
// short, as nobody reads them.
func BenchmarkMetadataUpdate(b *testing.B) {
	n := 20_000
	if testing.Short() {
		n = 2000
	}
	made, err := inventRPMs(b.TempDir(), n)
	if err != nil {
		b.Fatal(err)
	}
	m := newMatch(b, made)
	m.rounds = 3
	m.updates()
	b.ReportMetric(0, "ns/op")
}

func TestFewPackagesHaveTheMetadataCreaterepoMakes(t *testing.T) {
	made, err := inventRPMs(t.TempDir(), 60)
	if err != nil {
		t.Fatal(err)
	}
	m := newMatch(t, made)
	m.rounds, m.out = 1, io.Discard
	m.updates()
}

// updates are the matches in which there is metadata already.
func (m *match) updates() {
	for _, changed := range []string{"before", "after"} {
		name, list := "again: nothing changed", m.known
		if changed == "after" {
			name, list = fmt.Sprintf("%d packages changed", newer), m.fresh
		}
		dir := filepath.Join(filepath.Dir(m.rpms.before), changed)
		m.play(name, []contestant{
			m.theirs(m.debian, "gzip, --update --skip-stat", changed, m.old(m.debian, "gzip"), "--no-database", "--update", "--skip-stat"),
			m.theirs(m.upstream, "zstd, --update --skip-stat", changed, m.old(m.upstream, "zstd"), "--update", "--skip-stat"),
			m.ours("gzip", m.debian, metadata{List: list, Dir: dir, Gzip: true, Old: m.old("", "gzip")}),
			m.ours("zstd", m.upstream, metadata{List: list, Dir: dir, Old: m.old("", "zstd")}),
			m.ours("zstd, without open checksums", m.upstream, metadata{List: list, Dir: dir, Old: m.old("", "zstd"), OmitOpen: true}),
		})
	}
}
