package publish

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/rpm"
)

// About is what the metadata of a compose says beside its packages.
type About struct {
	ID int64
	// PungiID is its name for Pungi's tools: odcs-12-1-20261121.t.0.
	PungiID string
	// Release is what was composed; the zero value is ODCS's: odcs-12.
	Release productmd.Release
	// Label is a milestone, RC-1.2; may be empty.
	Label string
	// URL is that of its directory.
	URL string
	// Modules are listed in modules.json.
	Modules []Module
}

// Module is a module in a compose.
type Module struct {
	productmd.ModuleName
	// Arch is that of the tree, and RPMs the full names of its packages there.
	Arch string
	RPMs []string
}

// PungiID is the name of a compose for Pungi's tools, of the day it was asked
// for. Kind is "test" unless the request says otherwise. Release is as in About.
func PungiID(id int64, release productmd.Release, kind string, day time.Time) (string, error) {
	if kind == "" {
		kind = productmd.Test
	}
	if release.Short == "" {
		release = productmd.Release{Short: shortName(id), Version: "1"}
	}
	text, err := productmd.ID{
		Short: release.Short, Version: release.Version, ReleaseType: release.Type, Type: kind, Date: day.UTC().Format("20060102"),
	}.Format()
	if err != nil {
		return "", fmt.Errorf("name compose %d: %w", id, err)
	}
	return text, nil
}

// shortName is ODCS's: at most 16 characters of the release's name.
func shortName(id int64) string {
	name := compose.Name(id)
	return name[:min(len(name), 16)]
}

// Begin writes what says that a compose is being made.
func (p *Publisher) Begin(ctx context.Context, id int64) error {
	return p.status(ctx, id, productmd.Started)
}

func (p *Publisher) status(ctx context.Context, id int64, word string) error {
	_, err := p.Bucket.Put(ctx, Dir(id)+"STATUS", []byte(word+"\n"), blob.Any, blob.Type("text/plain; charset=utf-8"), blob.CacheControl("no-cache"))
	if err != nil {
		return fmt.Errorf("write that compose %d is %s: %w", id, word, err)
	}
	return nil
}

// End writes that a compose is finished that has nothing but files of its own.
func (p *Publisher) End(ctx context.Context, id int64, pungiID string) error {
	if _, err := p.Bucket.Put(ctx, Dir(id)+"COMPOSE_ID", []byte(pungiID), blob.Any, blob.Type(plain)); err != nil {
		return fmt.Errorf("name compose %d: %w", id, err)
	}
	return p.status(ctx, id, productmd.Finished)
}

// Finish writes what other tools read beside the repositories, and then that the
// compose is finished. It gives the bytes written.
func (p *Publisher) Finish(ctx context.Context, about About, lock compose.Lock, stamp Stamp) (int64, error) {
	id, err := productmd.ParseID(about.PungiID)
	if err != nil {
		return 0, fmt.Errorf("metadata of compose %d: %w", about.ID, err)
	}
	product, err := productmd.New(id)
	if err != nil {
		return 0, fmt.Errorf("metadata of compose %d: %w", about.ID, err)
	}
	product.Label = about.Label
	release := about.Release
	if release.Name == "" {
		release = productmd.Release{Name: compose.Name(about.ID), Short: shortName(about.ID), Version: "1"}
	}
	total := int64(0)
	for _, file := range files(about, lock, stamp, product, release) {
		var body bytes.Buffer
		if err := file.write(&body); err != nil {
			return 0, fmt.Errorf("write %s of compose %d: %w", file.path, about.ID, err)
		}
		if _, err := p.Bucket.Put(ctx, Dir(about.ID)+file.path, body.Bytes(), blob.Any, blob.Type(file.media)); err != nil {
			return 0, fmt.Errorf("store %s of compose %d: %w", file.path, about.ID, err)
		}
		total += int64(body.Len())
	}
	return total, p.status(ctx, about.ID, productmd.Finished)
}

// written is a small file of a compose.
type written struct {
	path, media string
	write       func(io.Writer) error
}

const (
	plain = "text/plain; charset=utf-8"
	json  = "application/json"
)

// files are all of them but STATUS.
func files(about About, lock compose.Lock, stamp Stamp, product productmd.Compose, release productmd.Release) []written {
	variants := variantsOf(lock)
	info := productmd.ComposeInfo{Compose: product, Release: release}
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		trees := variants[name]
		info.Variants = append(info.Variants, productmd.Variant{
			ID: name, UID: name, Name: name, Type: "variant",
			Arches: slices.Sorted(maps.Keys(trees)), Paths: productmd.Layout(name, trees),
		})
	}
	all := []written{
		{"COMPOSE_ID", plain, func(w io.Writer) error { _, err := io.WriteString(w, product.ID); return err }},
		{"compose/metadata/composeinfo.json", json, info.Write},
		{"work/global/composeinfo-base.json", json, info.Write},
		{"compose/metadata/rpms.json", json, func(w io.Writer) error { return writeRPMs(w, product, lock) }},
		{"compose/metadata/images.json", json, productmd.Images{Compose: product}.Write},
		{"compose/metadata/modules.json", json, modulesOf(about, product).Write},
	}
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		all = append(all, written{"compose/" + name + "/" + compose.Name(about.ID) + ".repo", plain, func(w io.Writer) error {
			return productmd.WriteRepoFile(w, compose.Name(about.ID), about.URL+"/compose/"+name)
		}})
	}
	for _, t := range lock.Trees {
		if t.Kind == gather.OS {
			all = append(all, treeFiles(t, stamp, release)...)
		}
	}
	return all
}

// variantsOf tells which trees each variant has on each architecture.
func variantsOf(lock compose.Lock) map[string]map[string]productmd.Tree {
	variants := map[string]map[string]productmd.Tree{}
	for _, t := range lock.Trees {
		if variants[t.Variant] == nil {
			variants[t.Variant] = map[string]productmd.Tree{}
		}
		trees := variants[t.Variant]
		switch tree := trees[t.Arch]; t.Kind {
		case gather.OS:
			tree.Binary = true
			trees[t.Arch] = tree
		case gather.Debug:
			tree.Debug = true
			trees[t.Arch] = tree
		}
	}
	for _, t := range lock.Trees {
		if t.Kind == gather.Source {
			for arch, tree := range variants[t.Variant] {
				tree.Source = true
				variants[t.Variant][arch] = tree
			}
		}
	}
	return variants
}

// treeFiles are what lies in a tree beside its repository.
func treeFiles(t compose.Tree, stamp Stamp, release productmd.Release) []written {
	folder := RepoDir(t.Variant, t.Arch, t.Kind) + "/"
	disc := productmd.Disc{Description: release.Name + " " + release.Version, Arch: t.Arch, Made: time.Unix(stamp.Time, 0).UTC()}
	tree := productmd.TreeInfo{
		Release: release, Arch: t.Arch, Platforms: []string{t.Arch}, Built: stamp.Time,
		Variants: []productmd.TreeVariant{{ID: t.Variant, UID: t.Variant, Name: t.Variant, Type: "variant", Packages: "Packages", Repository: "."}},
	}
	return []written{
		{folder + ".discinfo", plain, disc.WriteDiscInfo},
		{folder + "media.repo", plain, disc.WriteMediaRepo},
		{folder + ".treeinfo", plain, tree.Write},
	}
}

// writeRPMs writes rpms.json: each architecture lists its packages, debug
// information and sources under the source package they were built of.
func writeRPMs(w io.Writer, product productmd.Compose, lock compose.Lock) error {
	out, err := productmd.NewRPMsWriter(w, product)
	if err != nil {
		return err
	}
	for variant, arches := range inOrder(lock) {
		for _, arch := range arches {
			if err := writeArch(out, variant, arch, lock); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// inOrder gives each variant with its architectures, as the file has them.
func inOrder(lock compose.Lock) func(func(string, []string) bool) {
	variants := variantsOf(lock)
	return func(yield func(string, []string) bool) {
		for _, name := range slices.Sorted(maps.Keys(variants)) {
			if !yield(name, slices.Sorted(maps.Keys(variants[name]))) {
				return
			}
		}
	}
}

func writeArch(out *productmd.RPMsWriter, variant, arch string, lock compose.Lock) error {
	type listed struct {
		compose.RPM
		kind string
	}
	var all []listed
	used := map[string]bool{}
	for _, t := range lock.Trees {
		if t.Variant == variant && t.Arch == arch && t.Kind != gather.Source {
			for _, r := range t.RPMs {
				r.SRPM = sourceOf(r)
				all = append(all, listed{r, t.Kind})
				used[r.SRPM] = true
			}
		}
	}
	for _, t := range lock.Trees {
		if t.Variant == variant && t.Kind == gather.Source {
			for _, r := range t.RPMs {
				if used[r.NEVRA] {
					r.SRPM = r.NEVRA
					all = append(all, listed{r, t.Kind})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(a.SRPM, b.SRPM), cmp.Compare(a.NEVRA, b.NEVRA))
	})
	for _, r := range all {
		category := map[string]string{gather.OS: productmd.Binary, gather.Debug: productmd.Debug, gather.Source: productmd.Source}[r.kind]
		err := out.Add(productmd.RPM{Variant: variant, Arch: arch, Source: r.SRPM, NEVRA: r.NEVRA, Entry: productmd.Entry{
			Category: category, Path: PackagePath(variant, arch, r.kind, fileName(r.RPM))[len("compose/"):], SigKey: productmd.Signed(r.Sigkey),
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// sourceOf is the full name of a package's source package; where that is not in
// the lock it is that of its build.
func sourceOf(r compose.RPM) string {
	if r.SRPM != "" {
		return r.SRPM
	}
	build, err := rpm.ParseNVR(r.Build)
	if err != nil {
		return r.NEVRA
	}
	return rpm.NVRA{NVR: build, Arch: rpm.Source}.NEVRA()
}

func modulesOf(about About, product productmd.Compose) productmd.Modules {
	m := productmd.Modules{Compose: product, Modules: map[string]map[string]map[string]productmd.Module{}}
	for _, one := range about.Modules {
		variant := m.Modules[gather.Variant]
		if variant == nil {
			variant = map[string]map[string]productmd.Module{}
			m.Modules[gather.Variant] = variant
		}
		if variant[one.Arch] == nil {
			variant[one.Arch] = map[string]productmd.Module{}
		}
		variant[one.Arch][one.UID] = productmd.Module{
			Metadata:     one.ModuleName,
			ModulemdPath: map[string]string{productmd.Binary: gather.Variant + "/" + one.Arch + "/os/repodata/repomd.xml"},
			RPMs:         one.RPMs,
		}
	}
	return m
}
