package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// rpms are packages that the real rpmbuild made: as large as those of a
// distribution, with headers as long.
type rpms struct {
	before, after string // folders; ten packages of after are newer ones
	number        int
	bytes         int64 // of the packages of before
}

const (
	perSource = 50 // packages of one source package
	newer     = 10
	// form changes when other packages are made, so that those of earlier runs
	// are not taken for them.
	form = 1
	// built is the time all packages say they were built, and their files have.
	built = 1_750_000_000
)

// makeRPMs makes n packages, unless an earlier run did: a gigabyte takes a
// minute.
func makeRPMs(ctx context.Context, n int) (rpms, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("distaff-bench-rpms-%d-%d", form, n))
	r := rpms{before: filepath.Join(dir, "before"), after: filepath.Join(dir, "after"), number: n}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := r.fill(ctx, dir); err != nil {
			return r, err
		}
	}
	files, err := os.ReadDir(r.before)
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			return r, err
		}
		r.bytes += info.Size()
	}
	return r, err
}

// fill makes the folder whole or not at all.
func (r rpms) fill(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp(os.TempDir(), "distaff-bench-rpms-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	made := filepath.Join(work, "made")
	before, after, fresh := filepath.Join(made, "before"), filepath.Join(made, "after"), filepath.Join(work, "fresh")
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for first := 0; first < r.number; first += perSource {
		numbers := make([]int, 0, perSource)
		for i := first; i < min(first+perSource, r.number); i++ {
			numbers = append(numbers, i)
		}
		group.Go(func() error { return rpmbuild(ctx, work, before, numbers, 1) })
	}
	numbers := make([]int, newer)
	for i := range numbers {
		numbers[i] = i*r.number/newer + 7
	}
	group.Go(func() error { return rpmbuild(ctx, work, fresh, numbers, 2) })
	if err := group.Wait(); err != nil {
		return err
	}
	if err := os.Mkdir(after, 0o700); err != nil {
		return err
	}
	if err := link(before, after); err != nil {
		return err
	}
	for _, i := range numbers {
		if err := os.Remove(filepath.Join(after, fileOf(i, 1))); err != nil {
			return err
		}
	}
	if err := link(fresh, after); err != nil {
		return err
	}
	if err := os.Rename(made, dir); !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil // another run was faster
}

// link puts all files of a folder into another one too.
func link(from, to string) error {
	files, err := os.ReadDir(from)
	for _, file := range files {
		err = errors.Join(err, os.Link(filepath.Join(from, file.Name()), filepath.Join(to, file.Name())))
	}
	return err
}

func nameOf(i int) string { return fmt.Sprintf("%s-%04d", words[(i*7)%len(words)], i) }

func fileOf(i, release int) string {
	return fmt.Sprintf("%s-1.%d-%d.fc45.x86_64.rpm", nameOf(i), i, release)
}

var words = [...]string{"python3-curtain", "libwindow", "golang-table", "perl-Chair", "rust-lamp", "door", "texlive-carpet", "gnome-shelf"} //nolint:gochecknoglobals // never changed

// rpmbuild makes the packages of these numbers out of one source package.
func rpmbuild(ctx context.Context, work, out string, numbers []int, release int) error {
	dir, err := os.MkdirTemp(work, "build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var spec strings.Builder
	fmt.Fprintf(&spec, "Name: source-%04d-%d\nVersion: 1\nRelease: 1\nSummary: Some furniture\nLicense: MIT\nAutoReqProv: no\n%%description\nNone.\n", numbers[0], release)
	for _, i := range numbers {
		if err := describe(&spec, filepath.Join(dir, "tree"), i, release); err != nil {
			return err
		}
	}
	fmt.Fprintf(&spec, "%%install\nmkdir -p %%{buildroot}\ncp -al %s/. %%{buildroot}/\n%%changelog\n", filepath.Join(dir, "tree"))
	for day := range 30 {
		at := time.Unix(built-int64(day)*86400*9, 0).UTC()
		fmt.Fprintf(&spec, "* %s Zoë Carpenter <zoe@example.org> - 1.%d-%d\n- Rebuilt for the new libraries, and the drawers no longer stick (rhbz#%d)\n\n",
			at.Format("Mon Jan 02 2006"), 30-day, release, 1000000+day)
	}
	file := filepath.Join(dir, "furniture.spec")
	if err := os.WriteFile(file, []byte(spec.String()), 0o600); err != nil {
		return err
	}
	args := []string{"-bb", "--target", "x86_64"}
	for name, value := range map[string]string{
		"_topdir": dir, "_rpmdir": out, "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", "_dbpath": filepath.Join(dir, "db"),
		"_binary_payload": "w.ufdio", "__os_install_post": "%{nil}", "debug_package": "%{nil}", "_build_id_links": "none",
		"use_source_date_epoch_as_buildtime": "1", "_buildhost": "bench.example.org",
	} {
		args = append(args, "--define", name+" "+value)
	}
	cmd := exec.CommandContext(ctx, "rpmbuild", append(args, file)...) //nolint:gosec // a spec of this benchmark's
	cmd.Env = append(os.Environ(), fmt.Sprint("SOURCE_DATE_EPOCH=", built), "LC_ALL=C.UTF-8")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("rpmbuild: %w\n%s", err, said)
	}
	for _, i := range numbers {
		if err := os.Chtimes(filepath.Join(out, fileOf(i, release)), time.Unix(built, 0), time.Unix(built, 0)); err != nil {
			return err
		}
	}
	return nil
}

// describe writes the part of a spec about one package, and its files: one with
// what it would hold, of a size as those of Fedora are spread (median 108 kB,
// mean 483 kB), and many short ones.
func describe(spec *strings.Builder, tree string, i, release int) error {
	random := rand.New(rand.NewPCG(uint64(i), 4)) //nolint:gosec // the same packages each time
	name := nameOf(i)
	fmt.Fprintf(spec, "%%package -n %s\nVersion: 1.%d\nRelease: %d.fc45\nSummary: The %s of a house\nAutoReqProv: no\nURL: https://example.org/%s\n", name, i, release, name, name)
	for range 4 + random.IntN(24) {
		fmt.Fprintf(spec, "Provides: lib%s-%d.so.%d()(64bit)\n", name, random.IntN(1000), random.IntN(9))
		fmt.Fprintf(spec, "Requires: lib%s-%d.so.%d()(64bit)\n", nameOf(random.IntN(2000)), random.IntN(1000), random.IntN(9))
	}
	fmt.Fprintf(spec, "Provides: %s(example) = %d:1.%d-%d\nRecommends: %s >= 1.0\nObsoletes: %s < 1.0\n", name, i%3, i, release, nameOf(i+1), name)
	fmt.Fprintf(spec, "%%description -n %s\nA %s is found in most houses. It is made of wood or of metal & stands <firmly>.\n%%files -n %s\n", name, name, name)
	paths := []string{"/usr/share/" + name + "/content.bin", "/usr/bin/" + name, "/etc/" + name + ".conf"}
	for k := range 20 + random.IntN(60) {
		paths = append(paths, fmt.Sprintf("/usr/share/doc/%s/chapter-%d/page-%03d.html", name, k/12, k))
	}
	for k, path := range paths {
		fmt.Fprintln(spec, path)
		size := random.Int64N(64)
		if k == 0 {
			size = payload(random)
		}
		if err := write(filepath.Join(tree, filepath.FromSlash(path)), random, size); err != nil {
			return err
		}
	}
	return nil
}

// payload is lognormal.
func payload(random *rand.Rand) int64 {
	size := 108e3 * math.Exp(1.73*random.NormFloat64())
	return int64(min(max(size, 200), 40e6))
}

// write makes a file of bytes that do not compress, as what packages hold is
// compressed already.
func write(path string, random *rand.Rand, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	var seed [32]byte
	binary.NativeEndian.PutUint32(seed[:], random.Uint32())
	_, err = io.CopyN(file, rand.NewChaCha8(seed), size)
	return errors.Join(err, file.Close())
}

// inventRPMs makes packages out of nothing in dir: headers as long as above and
// nothing behind them, for what reads no package to its end.
func inventRPMs(dir string, n int) (rpms, error) {
	r := rpms{before: filepath.Join(dir, "before"), after: filepath.Join(dir, "after"), number: n}
	for _, d := range []string{r.before, r.after} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return r, err
		}
	}
	changed := n / newer
	for i := range n {
		raw := invent(i, 1)
		r.bytes += int64(len(raw))
		path := filepath.Join(r.before, fileOf(i, 1))
		if err := put(path, raw); err != nil {
			return r, err
		}
		err := error(nil)
		if i%changed == changed/2 {
			err = put(filepath.Join(r.after, fileOf(i, 2)), invent(i, 2))
		} else {
			err = os.Link(path, filepath.Join(r.after, fileOf(i, 1)))
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func put(path string, raw []byte) error {
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, time.Unix(built, 0), time.Unix(built, 0))
}

func invent(i, release int) []byte {
	random := rand.New(rand.NewPCG(uint64(i), 5)) //nolint:gosec // the same packages each time
	name := nameOf(i)
	spec := rpmfile.Spec{
		NVRA: rpm.NVRA{
			NVR:  rpm.NVR{Name: name, EVR: rpm.EVR{Version: fmt.Sprint("1.", i), Release: fmt.Sprint(release, ".fc45")}},
			Arch: "x86_64",
		},
		SourceRPM: fmt.Sprintf("source-%04d-1-1.src.rpm", i/perSource), Summary: "The " + name + " of a house",
		BuildTime: built, Changelog: 20, License: "MIT",
		Files: []string{"/usr/bin/" + name, "/etc/" + name + ".conf"},
	}
	for range 4 + random.IntN(24) {
		spec.Provides = append(spec.Provides, fmt.Sprintf("lib%s-%d.so.%d()(64bit)", name, random.IntN(1000), random.IntN(9)))
		spec.Requires = append(spec.Requires, fmt.Sprintf("lib%s-%d.so.%d()(64bit)", nameOf(random.IntN(2000)), random.IntN(1000), random.IntN(9)))
	}
	for k := range 20 + random.IntN(60) {
		spec.Files = append(spec.Files, fmt.Sprintf("/usr/share/doc/%s/chapter-%d/page-%03d.html", name, k/12, k))
	}
	return spec.Encode()
}
