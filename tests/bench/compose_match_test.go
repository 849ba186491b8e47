package bench

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// match is what the contestants share.
type match struct {
	rpms rpms
	// debian and upstream are two createrepo_c; empty: not there.
	debian, upstream string
	cold, known      string // lists of the packages of rpms.before
	fresh            string // of rpms.after
	server           string
	dir              string
	rounds           int // each contestant runs so often; they take turns, and the least counts
	b                testing.TB
	out              io.Writer
}

func newMatch(b testing.TB, made rpms) *match {
	b.Helper()
	m := &match{rpms: made, dir: b.TempDir(), b: b, out: os.Stdout, upstream: os.Getenv("DISTAFF_CREATEREPO_C")}
	var err error
	if m.debian, err = exec.LookPath("createrepo_c"); err != nil && m.upstream == "" {
		b.Skip("no createrepo_c on this machine")
	}
	server := httptest.NewServer(http.StripPrefix("/f45/", http.FileServer(http.Dir(made.before))))
	b.Cleanup(server.Close)
	m.server = server.Listener.Addr().String()
	m.known = m.list("known", made.before, true)
	m.cold = m.list("cold", made.before, false)
	m.fresh = m.list("fresh", made.after, true)
	return m
}

// list writes down what a Koji tells of packages.
func (m *match) list(name, dir string, sums bool) string {
	m.b.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		m.b.Fatal(err)
	}
	all := make([]compose.RPM, 0, len(names))
	for _, entry := range names {
		raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			m.b.Fatal(err)
		}
		h, err := header.Parse(raw)
		if err != nil {
			m.b.Fatal(err)
		}
		nvra, err := h.NVRA()
		if err != nil {
			m.b.Fatal(err)
		}
		r := compose.RPM{NEVRA: nvra.NEVRA(), Path: entry.Name(), Time: built}
		if sums {
			sum := sha256.Sum256(raw)
			r.SHA256 = hex.EncodeToString(sum[:])
		}
		all = append(all, r)
	}
	path := filepath.Join(m.dir, name+".json")
	raw, err := json.Marshal(all)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		m.b.Fatal(err)
	}
	return path
}

// contestant makes metadata once, in an empty folder.
type contestant struct {
	name string
	// against is whose metadata has to be the same.
	against string
	mine    bool
	// prepare makes the folder as it is before.
	prepare func(out string) error
	run     func(out string) (taken, error)
}

func (m *match) ours(name, against string, what metadata) contestant {
	return contestant{name: "distaff: " + name, against: against, mine: true, run: func(out string) (taken, error) {
		what.Out = out
		return own(m.b.Context(), job{Metadata: &what}, nil)
	}}
}

// theirs runs a createrepo_c. Old is the folder of the metadata it updates.
func (m *match) theirs(program, name, packages, old string, args ...string) contestant {
	c := contestant{name: version(program) + ": " + name, against: program}
	if program == "" {
		return c
	}
	c.prepare = func(out string) error {
		if old == "" {
			return nil
		}
		return os.CopyFS(filepath.Join(out, "repodata"), os.DirFS(filepath.Join(old, "repodata")))
	}
	c.run = func(out string) (taken, error) {
		all := append([]string{"--quiet", "--baseurl", packagesURL, "--outputdir", out}, args...)
		cmd := exec.CommandContext(m.b.Context(), program, append(all, filepath.Join(filepath.Dir(m.rpms.before), packages))...)
		t, _, err := process(cmd)
		return t, err
	}
	return c
}

func version(program string) string {
	out, _ := exec.Command(program, "--version").Output()
	if fields := strings.Fields(string(out)); len(fields) > 1 {
		return "createrepo_c " + fields[1]
	}
	return "createrepo_c"
}

// cache fills a checksum cache.
func (m *match) cache(name, program string) string {
	dir := filepath.Join(m.dir, "cache-"+name)
	if program != "" {
		m.once(m.theirs(program, "", "before", "", "--cachedir", dir), filepath.Join(m.dir, "filled-"+name))
	}
	return dir
}

// old makes metadata of the packages as they were: a createrepo_c's, or ours.
func (m *match) old(program, format string) string {
	out := filepath.Join(m.dir, "old-"+filepath.Base(program)+"-"+format)
	if _, err := os.Stat(out); err == nil {
		return out
	}
	switch program {
	case "":
		m.once(m.ours("", "", metadata{List: m.known, Dir: m.rpms.before, Gzip: format == "gzip"}), out)
	default:
		m.once(m.theirs(program, "", "before", ""), out)
	}
	return out
}

func (m *match) once(c contestant, out string) taken {
	m.b.Helper()
	if err := os.MkdirAll(out, 0o700); err != nil {
		m.b.Fatal(err)
	}
	if c.prepare != nil {
		if err := c.prepare(out); err != nil {
			m.b.Fatal(err)
		}
	}
	t, err := c.run(out)
	if err != nil {
		m.b.Fatal(err)
	}
	return t
}

// play lets the contestants take turns and prints how they did.
func (m *match) play(title string, all []contestant) {
	b := m.b
	b.Helper()
	results := make([]taken, len(all))
	outs := make([]string, len(all))
	for round := range m.rounds {
		for i, c := range all {
			if c.run == nil {
				continue
			}
			outs[i] = filepath.Join(m.dir, fmt.Sprintf("out-%d", i))
			if err := os.RemoveAll(outs[i]); err != nil {
				b.Fatal(err)
			}
			results[i].best(m.once(c, outs[i]))
			if round == 0 && c.mine {
				same(b, c, all, outs, outs[i])
			}
		}
	}
	_, _ = fmt.Fprintf(m.out, "\n%s: %d packages, %.0f MB\n", title, m.rpms.number, float64(m.rpms.bytes)/1e6)
	_, _ = fmt.Fprintf(m.out, "%-58s %7s %7s %8s %7s %6s  createrepo_c's CPU s to ours\n%95s", "", "CPU s", "wall s", "read MB", "out MB", "MiB", "")
	for i, c := range all {
		if c.run != nil && !c.mine {
			_, _ = fmt.Fprintf(m.out, "%7s", label(i))
		}
	}
	_, _ = fmt.Fprintln(m.out)
	for i, c := range all {
		if c.run == nil {
			continue
		}
		name := "   " + c.name
		if !c.mine {
			name = label(i) + "  " + c.name
		}
		_, _ = fmt.Fprintf(m.out, "%-58s %7.3f %7.3f %8.1f %7.2f %6.0f", name, results[i].CPU, results[i].Wall, results[i].Read, size(b, outs[i]), results[i].MiB)
		for k, other := range all {
			if c.mine && other.run != nil && !other.mine {
				_, _ = fmt.Fprintf(m.out, "%6.1fx", results[k].CPU/results[i].CPU)
			}
		}
		_, _ = fmt.Fprintln(m.out)
	}
}

func label(i int) string { return string(rune('A' + i)) }

// size is that of the metadata in megabytes.
func size(b testing.TB, out string) float64 {
	b.Helper()
	files, err := os.ReadDir(filepath.Join(out, "repodata"))
	if err != nil {
		b.Fatal(err)
	}
	total := int64(0)
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			b.Fatal(err)
		}
		total += info.Size()
	}
	return float64(total) / 1e6
}

// same compares the metadata of one of ours with that of the createrepo_c it is
// against, if that took part.
func same(b testing.TB, c contestant, all []contestant, outs []string, out string) {
	b.Helper()
	for k, other := range all {
		if other.mine || other.run == nil || other.against != c.against || outs[k] == "" {
			continue
		}
		got, want := documents(b, out), documents(b, outs[k])
		for _, kind := range []string{"primary.xml", "filelists.xml", "other.xml"} {
			if len(want[kind]) == 0 || !bytes.Equal(got[kind], want[kind]) {
				b.Fatalf("%s has another %s than %s: %d and %d bytes", c.name, kind, other.name, len(got[kind]), len(want[kind]))
			}
		}
	}
}

// documents reads metadata, decompressed, by what its files are called after the
// checksum.
func documents(b testing.TB, out string) map[string][]byte {
	b.Helper()
	all := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(out, "repodata", "*-*.xml.*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		var from io.Reader
		if strings.HasSuffix(path, ".gz") {
			from, err = gzip.NewReader(bytes.NewReader(raw))
		} else {
			from, err = zstd.NewReader(bytes.NewReader(raw))
		}
		if err != nil {
			b.Fatal(err)
		}
		_, name, _ := strings.Cut(filepath.Base(path), "-")
		if all[strings.TrimSuffix(name, filepath.Ext(name))], err = io.ReadAll(from); err != nil {
			b.Fatal(err)
		}
	}
	return all
}
