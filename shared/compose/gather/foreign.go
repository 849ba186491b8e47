package gather

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/solve"
	"github.com/distaff-project/distaff/shared/wire"
)

// Repositories opens repositories of others. foreign.Client does.
type Repositories interface {
	Open(ctx context.Context, address string) (*foreign.Repository, error)
}

// addresses are those of a request's repositories for an architecture.
func addresses(r compose.Request, arch string) []string {
	var all []string
	for _, source := range r.Source {
		all = append(all, strings.NewReplacer("$basearch", arch, "$arch", arch).Replace(source))
	}
	return all
}

// ListForeign gives what a request takes from repositories of others, by their
// metadata alone. Of a package that several have, that of the first is taken.
// Revision is the largest of the repositories'.
func ListForeign(ctx context.Context, repos Repositories, solver Solver, r compose.Request) (*Selection, int64, error) {
	f := &foreigners{
		r: r, sel: &Selection{}, at: map[string]int32{}, names: namesOf(r.Packages), found: map[string]bool{}, opened: map[string][]*foreign.Repository{},
	}
	for _, arch := range r.Arches {
		picked, err := f.pick(ctx, solver, arch)
		if err != nil {
			return nil, 0, err
		}
		if err := f.arch(ctx, repos, arch, picked); err != nil {
			return nil, 0, err
		}
	}
	s := &selector{r: r, sel: f.sel, found: f.found}
	if err := s.enough(); err != nil {
		return nil, 0, err
	}
	f.trim()
	for i := range f.sel.Trees {
		if err := f.documents(ctx, &f.sel.Trees[i]); err != nil {
			return nil, 0, err
		}
	}
	if len(f.source.Files) > 0 {
		f.source.Variant, f.source.Arch, f.source.Kind = Variant, "source", Source
		f.sel.Trees = append(f.sel.Trees, f.source)
	}
	for i := range f.sel.Trees {
		f.sel.Sort(&f.sel.Trees[i])
	}
	return f.sel, f.revision, nil
}

// MergeForeign gives all that the repositories of a request have, whatever it is
// and for whom, in one tree for each architecture.
func MergeForeign(ctx context.Context, repos Repositories, r compose.Request) (*Selection, error) {
	f := &foreigners{r: r, whole: true, sel: &Selection{}, at: map[string]int32{}, found: map[string]bool{}, opened: map[string][]*foreign.Repository{}}
	for _, arch := range r.Arches {
		if err := f.arch(ctx, repos, arch, nil); err != nil {
			return nil, err
		}
	}
	for i := range f.sel.Trees {
		f.sel.Sort(&f.sel.Trees[i])
		if err := f.documents(ctx, &f.sel.Trees[i]); err != nil {
			return nil, err
		}
	}
	return f.sel, nil
}

type foreigners struct {
	whole    bool
	r        compose.Request
	sel      *Selection
	at       map[string]int32 // by address
	names    map[string]bool
	found    map[string]bool
	source   Tree
	revision int64
	opened   map[string][]*foreign.Repository // by architecture
}

// pick asks the solver, where the request wants what packages need.
func (f *foreigners) pick(ctx context.Context, solver Solver, arch string) (map[string]bool, error) {
	if !NeedsSolver(f.r, &Sources{}) {
		return nil, nil
	}
	ask := solve.Request{Arch: arch, Include: f.r.Packages, Deps: !f.r.Flags.Has(compose.NoDeps), Check: f.r.Flags.Has(compose.CheckDeps)}
	for i, address := range addresses(f.r, arch) {
		ask.Repos = append(ask.Repos, solve.Repo{Name: "source-" + strconv.Itoa(i), URL: address})
	}
	own := len(ask.Repos)
	if len(ask.Include) == 0 {
		ask.Include = []string{"*"}
	}
	picked, err := pick(ctx, solver, ask, f.r, arch, own)
	if err != nil {
		return nil, err
	}
	return namesOf(append(picked, "")), nil
}

func (f *foreigners) arch(ctx context.Context, repos Repositories, arch string, picked map[string]bool) error {
	own := append(archesOf(arch), rpm.Noarch)
	if slices.Contains(f.r.MultilibArches, arch) && picked != nil {
		own = append(own, multilibOf(arch)...)
	}
	tree, debug := Tree{Variant: Variant, Arch: arch, Kind: OS}, Tree{Variant: Variant, Arch: arch, Kind: Debug}
	there := map[string]bool{}
	for _, address := range addresses(f.r, arch) {
		repo, err := repos.Open(ctx, address)
		if err != nil {
			return foreignError(err)
		}
		f.opened[arch] = append(f.opened[arch], repo)
		if revision, err := strconv.ParseInt(repo.Repomd.Revision, 10, 64); err == nil {
			f.revision = max(f.revision, revision)
		}
		for p, err := range repo.Packages(ctx) {
			if err != nil {
				return foreignError(err)
			}
			file, err := fileOf(p)
			if err != nil {
				return err
			}
			switch isSource := rpm.IsSource(p.Arch); {
			case there[file.NEVRA]:
			case f.whole:
				there[file.NEVRA] = true
				f.add(&tree, file)
			case isSource:
				there[file.NEVRA] = true
				f.add(&f.source, file)
			case !slices.Contains(own, p.Arch):
			case isDebug(p.Name):
				there[file.NEVRA] = true
				f.add(&debug, file)
			case picked != nil && picked[file.NEVRA] || picked == nil && (f.names == nil || f.names[p.Name] || f.names[p.Name+"."+p.Arch]):
				there[file.NEVRA] = true
				f.found[p.Name], f.found[p.Name+"."+p.Arch] = true, true
				f.add(&tree, file)
			}
		}
	}
	f.sel.Trees = append(f.sel.Trees, tree)
	if len(debug.Files) > 0 {
		f.sel.Trees = append(f.sel.Trees, debug)
	}
	return nil
}

// trim leaves out the debug information and the sources of what is not there.
func (f *foreigners) trim() {
	builds := map[string]bool{}
	for _, t := range f.sel.Trees {
		if t.Kind == OS {
			for _, at := range t.Files {
				builds[f.sel.Files[at].Build] = true
			}
		}
	}
	for i := range f.sel.Trees {
		if t := &f.sel.Trees[i]; t.Kind == Debug {
			t.Files = slices.DeleteFunc(t.Files, func(at int32) bool { return !builds[f.sel.Files[at].Build] })
		}
	}
	f.sel.Trees = slices.DeleteFunc(f.sel.Trees, func(t Tree) bool { return t.Kind == Debug && len(t.Files) == 0 })
	f.source.Files = slices.DeleteFunc(f.source.Files, func(at int32) bool {
		name, err := rpm.ParseNVRA(f.sel.Files[at].NEVRA)
		return err != nil || !builds[name.NVR.String()]
	})
}

func (f *foreigners) add(tree *Tree, file File) {
	address := file.Base + file.Path
	at, known := f.at[address]
	if !known {
		at = int32(len(f.sel.Files)) //nolint:gosec // repositories have at most a million
		f.sel.Files = append(f.sel.Files, file)
		f.at[address] = at
	}
	if !slices.Contains(tree.Files[max(0, len(tree.Files)-1):], at) {
		tree.Files = append(tree.Files, at)
	}
}

// fileOf gives a package of a repository as a file.
func fileOf(p *foreign.Package) (File, error) {
	epoch, err := strconv.Atoi(p.Epoch)
	if p.Epoch == "" {
		epoch, err = 0, nil
	}
	if err != nil {
		return File{}, problem("Package %s at %s has the epoch %q.", p.Name, p.File.Base, p.Epoch)
	}
	name := rpm.NVRA{NVR: rpm.NVR{Name: p.Name, EVR: rpm.EVR{Epoch: epoch, Version: p.Version, Release: p.Release}}, Arch: p.Arch}
	if p.Digest != "sha256" {
		return File{}, problem("Package %s at %s is listed with a checksum of type %s: only sha256 can be taken over.", name, p.File.Base, p.Digest)
	}
	f := File{Exact: true, RPM: compose.RPM{
		NEVRA: name.NEVRA(), SHA256: p.File.PkgID, Size: p.File.Size, Time: p.Built, Base: p.File.Base, Path: p.File.Href,
	}}
	if source, err := rpm.ParseNVRA(p.SourceRPM); err == nil {
		source.Epoch = epoch // its own is not told; nearly always it is the same
		f.SRPM, f.Build = source.NEVRA(), source.NVR.String()
	}
	return f, nil
}

// Origin names the repositories of a request as they are now. What is said of a
// package depends on who says it: the checksum is that of the package's file, and
// nothing holds a repository to describe that file truly.
func Origin(ctx context.Context, repos Repositories, r compose.Request) (string, error) {
	sum := sha256.New()
	for _, arch := range r.Arches {
		for _, address := range addresses(r, arch) {
			repo, err := repos.Open(ctx, address)
			if err != nil {
				return "", foreignError(err)
			}
			_, _ = fmt.Fprintf(sum, "%q\n", address) // never fails
			for _, data := range repo.Repomd.Data {
				_, _ = fmt.Fprintf(sum, "%q %q\n", data.Type, data.Checksum.Hex)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Fragments gives the descriptions that the repositories of requests have of files
// of theirs.
func Fragments(ctx context.Context, repos Repositories, requests []compose.Request, files []File) (func(pkgid string) (repodata.Fragment, bool, error), error) {
	wanted := map[string]bool{}
	for i := range files {
		wanted[files[i].SHA256] = true
	}
	var all []*foreign.Collection
	seen := map[string]bool{}
	for _, r := range requests {
		for _, arch := range r.Arches {
			for _, address := range addresses(r, arch) {
				if seen[address] {
					continue
				}
				seen[address] = true
				c, err := collect(ctx, repos, address, wanted)
				if err != nil {
					return nil, err
				}
				all = append(all, c)
			}
		}
	}
	return func(pkgid string) (repodata.Fragment, bool, error) {
		for _, c := range all {
			if text, found, err := c.Get(pkgid); found || err != nil {
				return text, found, err
			}
		}
		return repodata.Fragment{}, false, nil
	}, nil
}

// collect reads what a repository has of what is wanted and not found before.
func collect(ctx context.Context, repos Repositories, address string, wanted map[string]bool) (*foreign.Collection, error) {
	repo, err := repos.Open(ctx, address)
	if err != nil {
		return nil, foreignError(err)
	}
	has := map[string]bool{}
	for p, err := range repo.Packages(ctx) {
		if err != nil {
			return nil, foreignError(err)
		}
		if wanted[p.File.PkgID] {
			has[p.File.PkgID] = true
		}
	}
	c, err := repo.Collect(ctx, has)
	if err != nil {
		return nil, foreignError(err)
	}
	for pkgid := range has {
		delete(wanted, pkgid)
	}
	return c, nil
}

// foreignError makes an UnmetError of what asking again cannot cure.
func foreignError(err error) error {
	var of *foreign.Error
	if errors.As(err, &of) && !wire.Temporary(err) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return problem("The repository %s cannot be used: %v.", of.URL, err)
	}
	return fmt.Errorf("read a repository: %w", err)
}
