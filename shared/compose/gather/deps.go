package gather

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/solve"
	"github.com/distaff-project/distaff/shared/wire"
)

// Solver finds what packages need. solve.Program does.
type Solver interface {
	Solve(ctx context.Context, r solve.Request) (solve.Result, error)
}

// NeedsSolver tells whether a request can only be answered by looking at what
// packages require.
func NeedsSolver(r compose.Request, src *Sources) bool {
	if src.Picked != nil {
		return r.Flags.Has(compose.CheckDeps) && !src.Solved
	}
	wantsDeps := len(r.Packages) > 0 && !r.Flags.Has(compose.NoDeps)
	wantsMultilib := len(r.MultilibArches) > 0 && r.MultilibMethod != compose.MultilibNone
	return wantsDeps || wantsMultilib || r.Flags.Has(compose.CheckDeps)
}

// Pick asks the solver which packages a request comes to on an architecture, of
// those in a folder with repodata.
func Pick(ctx context.Context, solver Solver, r compose.Request, src *Sources, arch, folder string) ([]string, error) {
	ask := solve.Request{
		Arch:    arch,
		Repos:   []solve.Repo{{Name: "pool", URL: folder}},
		Include: r.Packages,
		Deps:    len(r.Packages) > 0 && !r.Flags.Has(compose.NoDeps),
		Check:   r.Flags.Has(compose.CheckDeps),
	}
	if len(ask.Include) == 0 {
		ask.Include = []string{"*"}
	}
	if src.Picked != nil {
		ask.Include = nil
		for _, nevra := range src.Picked[arch] {
			name, _, of, _ := rpm.SplitNEVRA(nevra)
			ask.Include = append(ask.Include, name+"."+of)
		}
	}
	return pick(ctx, solver, ask, r, arch, 1)
}

// Ask asks the solver a question about a folder with repodata: the full names of
// the packages it picks from there.
func Ask(ctx context.Context, solver Solver, ask solve.Request, folder string, lookaside []string, check bool) ([]string, error) {
	ask.Repos = []solve.Repo{{Name: "pool", URL: folder}}
	r := compose.Request{LookasideRepos: lookaside}
	if ask.Check = check; check {
		r.Flags = compose.CheckDeps
	}
	return pick(ctx, solver, ask, r, ask.Arch, 1)
}

// pick asks the solver, and gives the full names of the packages it picked from
// the first repositories of the question, of which the others are lookaside.
func pick(ctx context.Context, solver Solver, ask solve.Request, r compose.Request, arch string, own int) ([]string, error) {
	if slices.Contains(r.MultilibArches, arch) {
		ask.Multilib = methods(r.MultilibMethod)
	}
	from := map[string]bool{}
	for _, repo := range ask.Repos[:own] {
		from[repo.Name] = true
	}
	for i, address := range r.LookasideRepos {
		// A folder of this machine is for what we put there ourselves.
		if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
			return nil, problem("%.100q is no address of a repository: https://….", address)
		}
		ask.Repos = append(ask.Repos, solve.Repo{Name: fmt.Sprintf("lookaside-%d", i), URL: address, Lookaside: true})
	}
	result, err := solver.Solve(ctx, ask)
	switch {
	case errors.Is(err, solve.ErrNoSolver):
		return nil, problem("%s.", sentence(solve.ErrNoSolver.Error()))
	case errors.Is(err, solve.ErrRepo) && !wire.Temporary(err):
		return nil, problem("A repository cannot be used: %v.", err)
	case err != nil:
		return nil, fmt.Errorf("find the dependencies for %s: %w", arch, err)
	}
	if r.Flags.Has(compose.CheckDeps) {
		if err := broken(arch, result); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, p := range result.Packages {
		if p.Lookaside || !from[p.Repo] {
			continue
		}
		names = append(names, rpm.NVRA{
			NVR: rpm.NVR{Name: p.Name, EVR: rpm.EVR{Epoch: p.Epoch, Version: p.Version, Release: p.Release}}, Arch: p.Arch,
		}.NEVRA())
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// broken refuses packages that cannot be installed.
func broken(arch string, result solve.Result) error {
	if len(result.Broken) == 0 {
		return nil
	}
	const most = 10
	var words []string
	for _, b := range result.Broken[:min(most, len(result.Broken))] {
		words = append(words, b.Package+": "+strings.Join(firstOf(b.Problems, 2), ", "))
	}
	more := ""
	if n := len(result.Broken) - most; n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	return problem("%d packages for %s cannot be installed (flag check_deps): %s%s.", len(result.Broken), arch, strings.Join(words, "; "), more)
}

func methods(set compose.Multilib) []solve.Method {
	var all []solve.Method
	for _, m := range []struct {
		bit    compose.Multilib
		method solve.Method
	}{{compose.MultilibRuntime, solve.Runtime}, {compose.MultilibDevel, solve.Devel}, {compose.MultilibAll, solve.All}} {
		if set&m.bit != 0 {
			all = append(all, m.method)
		}
	}
	return all
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
