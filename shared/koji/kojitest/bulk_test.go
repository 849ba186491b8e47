package kojitest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
)

func TestABulkIsServedAsItIsListed(t *testing.T) {
	server, hub := serve(t)
	bulk := kojitest.Bulk{Tag: "bulk", Builds: 20, RPMs: 6, Key: key}
	if err := server.AddBulk(bulk); err != nil {
		t.Fatal(err)
	}
	query := koji.TagQuery{Tag: "bulk", Latest: true, Signatures: true}
	rpms, builds, err := hub.Tagged(t.Context(), query)
	if err != nil || len(builds) != 20 || len(rpms) != 140 {
		t.Fatalf("%d packages, %d builds, %v", len(rpms), len(builds), err)
	}
	of := map[int64]koji.TaggedBuild{}
	for _, b := range builds {
		of[b.ID] = b
	}
	for _, p := range rpms {
		sums := must(hub.Checksums(t.Context(), []int64{p.ID}, false))(t)[0]
		if len(sums) != 2 {
			t.Fatalf("%s has checksums %v", p, sums)
		}
		for _, sum := range sums {
			path := must(koji.RPMPath("", of[p.BuildID].NVR, p.NVRA))(t)
			if sum.Sigkey != "" {
				path = must(koji.SignedPath("", of[p.BuildID].NVR, p.NVRA, sum.Sigkey))(t)
			}
			_, raw, err := fetch(t, hub.FilesURL(path))
			if err != nil {
				t.Fatal(err)
			}
			got := sha256.Sum256(raw)
			if hex.EncodeToString(got[:]) != sum.SHA256 || sum.Sigkey == "" && int64(len(raw)) != p.Size {
				t.Errorf("%s is not what is listed", path)
			}
			if info, err := rpmfile.Read(bytes.NewReader(raw)); err != nil || info.NVRA != p.NVRA {
				t.Errorf("%s: %+v, %v", path, info, err)
			}
		}
	}
	event := must(hub.LastEvent(t.Context()))(t)
	bulk.Builds = 3
	if err := server.UpdateBulk(bulk); err != nil {
		t.Fatal(err)
	}
	_, now, err := hub.Tagged(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	newer := 0
	for _, b := range now {
		if b.Release == "2.fc45" {
			newer++
		}
	}
	if newer != 3 || len(now) != 20 {
		t.Errorf("%d of %d are newer", newer, len(now))
	}
	query.Event = event.ID
	if _, then, err := hub.Tagged(t.Context(), query); err != nil || !cmp.Equal(builds, then) {
		t.Errorf("the tag as it was is another one: %v", err)
	}
}

func TestToolsTakeABulk(t *testing.T) {
	for _, program := range []string{"createrepo_c", "dnf"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not on this machine")
		}
	}
	server, hub := serve(t)
	if err := server.AddBulk(kojitest.Bulk{Tag: "bulk", Builds: 20, RPMs: 6, Key: key}); err != nil {
		t.Fatal(err)
	}
	rpms, builds, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "bulk"})
	if err != nil {
		t.Fatal(err)
	}
	of := map[int64]koji.TaggedBuild{}
	for _, b := range builds {
		of[b.ID] = b
	}
	dir := t.TempDir()
	for _, p := range rpms {
		_, raw, err := fetch(t, hub.FilesURL(must(koji.SignedPath("", of[p.BuildID].NVR, p.NVRA, key))(t)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p.File()), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "createrepo_c", "--no-database", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "140 packages") || strings.Contains(string(out), "rror") {
		t.Fatalf("%v\n%s", err, out)
	}
	out, _ = exec.CommandContext(t.Context(), "dnf", "--setopt=reposdir="+t.TempDir(), "--installroot="+t.TempDir(), "--releasever=45",
		"--setopt=cachedir="+t.TempDir(), "--repofrompath=bulk,"+dir, "--forcearch=x86_64", "--nogpgcheck", "--assumeno", "install", "bulk-00019-plugin-1").CombinedOutput()
	for _, needed := range []string{"bulk-00019 ", "bulk-00019-libs ", "bulk-00009-libs ", "bulk-00000-libs ", "Operation aborted"} {
		if !strings.Contains(string(out), needed) {
			t.Errorf("dnf does not find %s:\n%s", needed, out)
		}
	}
}

// BenchmarkBulk fills a tag with 20,000 packages of one architecture and lists
// it with its signatures, over HTTP.
func BenchmarkBulk(b *testing.B) {
	server, hub := serve(b)
	start := time.Now()
	if err := server.AddBulk(kojitest.Bulk{Tag: "bulk", Builds: 5000, RPMs: 4, Key: key}); err != nil {
		b.Fatal(err)
	}
	fill := time.Since(start)
	b.ReportAllocs()
	for b.Loop() {
		rpms, _, err := hub.Tagged(b.Context(), koji.TagQuery{Tag: "bulk", Latest: true, Signatures: true, Arches: []string{"x86_64", "noarch"}})
		if err != nil || len(rpms) != 20000 {
			b.Fatal(len(rpms), err)
		}
	}
	b.ReportMetric(fill.Seconds(), "s-to-fill")
}

// BenchmarkChecksums asks for the checksums of 20,000 packages, over HTTP.
func BenchmarkChecksums(b *testing.B) {
	server, hub := serve(b)
	if err := server.AddBulk(kojitest.Bulk{Tag: "bulk", Builds: 4000, RPMs: 4}); err != nil {
		b.Fatal(err)
	}
	ids := make([]int64, 20000)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		sums, err := hub.Checksums(b.Context(), ids, false)
		if err != nil || len(sums[19999]) != 1 {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulkFiles fetches the beginnings of signed packages of a bulk, eight
// at a time.
func BenchmarkBulkFiles(b *testing.B) {
	server, hub := serve(b)
	if err := server.AddBulk(kojitest.Bulk{Tag: "bulk", Builds: 100, RPMs: 4, Key: key}); err != nil {
		b.Fatal(err)
	}
	rpms, builds, err := hub.Tagged(b.Context(), koji.TagQuery{Tag: "bulk", Arches: []string{"x86_64"}})
	if err != nil {
		b.Fatal(err)
	}
	of := map[int64]koji.TaggedBuild{}
	for _, build := range builds {
		of[build.ID] = build
	}
	var addresses []string
	for _, p := range rpms {
		addresses = append(addresses, hub.FilesURL(must(koji.SignedPath("", of[p.BuildID].NVR, p.NVRA, key))(b)))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, addresses[i%len(addresses)], nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Range", "bytes=0-32767")
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
