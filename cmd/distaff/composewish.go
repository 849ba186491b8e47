package main

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/odcs"
)

const kindsHelp = `KIND and SOURCE are
  tag TAG…                 what is in tags of Koji; --packages for some of it
  build NVR…               builds
  module N:S[:V[:C]]…      modules, and those they need
  locked ID|DIGEST         what another compose was made of; or --rpms FILE
  pulp NAME…               repositories the server knows, merged
  raw-config NAME COMMIT   a configuration of Pungi's that the server knows
  pungi-compose URL        what is in a variant of somebody's compose
  repo PATH                a repository`

// wish is what the options of create say.
type wish struct {
	packages, builds, arches, sigkeys, flagNames, results   []string
	multilibArches, multilibMethod, lookaside               []string
	modularTags, modules, scratchModules, scratchTasks      []string
	noDeps, noInheritance, checkDeps, noReuse, doneModules  bool
	event                                                   int64
	label, composeType, targetDir, rpms, defaults, respinOf string
	lifetime                                                time.Duration
	parents                                                 []string
}

func (w *wish) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&w.packages, "packages", nil, "names of RPMs, with commas between; none: all")
	f.StringSliceVar(&w.builds, "builds", nil, "NVRs of builds to add, or to take in place of the tag's")
	f.StringSliceVar(&w.arches, "arch", nil, "architectures (default: the server's)")
	f.StringSliceVar(&w.sigkeys, "sigkey", nil, "ids of signing keys in order of preference; none: unsigned will do")
	f.BoolVar(&w.noDeps, "no-deps", false, "take what is named, and not what it needs")
	f.BoolVar(&w.noInheritance, "no-inheritance", false, "take what is in the tag itself, and not in its parents")
	f.BoolVar(&w.checkDeps, "check-deps", false, "fail if something cannot be installed")
	f.BoolVar(&w.noReuse, "no-reuse", false, "make it, even if there is one that is the same")
	f.BoolVar(&w.doneModules, "include-done-modules", false, "take modules that are done, and not ready")
	f.StringSliceVar(&w.flagNames, "flag", nil, "other flags by their names in ODCS")
	f.StringSliceVar(&w.results, "result", nil, "what is to be made (repository)")
	f.Int64Var(&w.event, "koji-event", 0, "the Koji event to read tags at")
	f.StringSliceVar(&w.multilibArches, "multilib-arch", nil, "architectures that get packages of a second one")
	f.StringSliceVar(&w.multilibMethod, "multilib-method", nil, "which: none, runtime, devel, all")
	f.StringSliceVar(&w.lookaside, "lookaside-repo", nil, "addresses of repositories that need not be in the compose")
	f.StringSliceVar(&w.modularTags, "modular-tag", nil, "tags to take modules from")
	f.StringSliceVar(&w.modules, "modules", nil, "modules to add, N:S:V:C")
	f.StringSliceVar(&w.scratchModules, "scratch-module", nil, "scratch builds of modules to add")
	f.StringSliceVar(&w.scratchTasks, "scratch-build-task", nil, "Koji tasks of scratch builds to add")
	f.StringVar(&w.defaults, "module-defaults", "", "a git repository with module defaults, and its commit: 'URL COMMIT'")
	f.StringVar(&w.rpms, "rpms", "", "for locked: a file with an RPM a line, N-[E:]V-R.A or N-[E:]V-R.A/SIGKEY")
	f.StringVar(&w.label, "label", "", "a label, such as RC-1.0")
	f.StringVar(&w.composeType, "compose-type", "", "test, ci, nightly, production, development")
	f.StringVar(&w.targetDir, "target-dir", "", "a directory the server knows")
	f.StringVar(&w.respinOf, "respin-of", "", "the Pungi id of a compose this one is another of")
	f.StringSliceVar(&w.parents, "parent", nil, "Pungi ids of composes it belongs to")
	f.DurationVar(&w.lifetime, "lifetime", 0, "how long it is kept, such as 48h (default: the server's)")
	for name, values := range map[string][]string{"flag": odcs.Flags(), "multilib-method": {"none", "runtime", "devel", "all"}, "arch": {"x86_64", "aarch64", "ppc64le", "s390x", "riscv64"}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return kinds(), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

func kinds() []string {
	return []string{"tag", "build", "module", "locked", "pulp", "raw-config", "pungi-compose", "repo"}
}

// body writes the body of the POST.
func (w *wish) body(args []string) ([]byte, error) {
	if len(args) == 0 {
		return nil, failed(exitUsage, "say what to make it of: distaff compose create tag f45-updates; kinds are %s", strings.Join(kinds(), ", "))
	}
	kind, args := strings.ReplaceAll(strings.ToLower(args[0]), "_", "-"), args[1:]
	if !slices.Contains(kinds(), kind) {
		return nil, failed(exitUsage, "%.80q is no kind of source%s; kinds are %s", kind, meant(kind, kinds()), strings.Join(kinds(), ", "))
	}
	source, err := w.source(kind, args)
	if err != nil {
		return nil, err
	}
	source["type"] = strings.ReplaceAll(kind, "-", "_")
	put(source, "packages", w.packages)
	put(source, "modular_koji_tags", w.modularTags)
	put(source, "modules", w.modules)
	put(source, "scratch_modules", w.scratchModules)
	put(source, "scratch_build_tasks", w.scratchTasks)
	put(source, "sigkeys", unsigned(w.sigkeys))
	if w.event != 0 {
		source["koji_event"] = w.event
	}
	if url, commit, ok := strings.Cut(w.defaults, " "); ok {
		source["module_defaults_url"], source["module_defaults_commit"] = url, strings.TrimSpace(commit)
	} else if w.defaults != "" {
		return nil, failed(exitUsage, "--module-defaults wants an address and a commit: 'https://… abc123'")
	}
	if w.lifetime < 0 || w.lifetime%time.Second != 0 {
		return nil, failed(exitUsage, "--lifetime %s: write whole seconds, such as 48h", w.lifetime)
	}
	body := map[string]any{"source": source}
	put(body, "flags", w.allFlags())
	put(body, "arches", w.arches)
	put(body, "results", w.results)
	put(body, "multilib_arches", w.multilibArches)
	put(body, "multilib_method", w.multilibMethod)
	put(body, "lookaside_repos", w.lookaside)
	put(body, "parent_pungi_compose_ids", w.parents)
	for name, text := range map[string]string{"label": w.label, "compose_type": w.composeType, "target_dir": w.targetDir, "respin_of": w.respinOf} {
		if text != "" {
			body[name] = text
		}
	}
	if w.lifetime > 0 {
		body["seconds_to_live"] = int64(w.lifetime / time.Second)
	}
	return json.Marshal(body)
}

func put(to map[string]any, name string, list []string) {
	if len(list) > 0 {
		to[name] = list
	}
}

// unsigned turns "none" into the empty key, which stands for no signature.
func unsigned(keys []string) []string {
	var out []string
	for _, key := range keys {
		if key == "none" {
			key = ""
		}
		out = append(out, key)
	}
	return out
}

func (w *wish) allFlags() []string {
	all := slices.Clone(w.flagNames)
	for name, set := range map[string]bool{
		"no_deps": w.noDeps, "no_inheritance": w.noInheritance, "check_deps": w.checkDeps, "no_reuse": w.noReuse, "include_done_modules": w.doneModules,
	} {
		if set && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for i, name := range all {
		all[i] = strings.ReplaceAll(name, "-", "_")
	}
	slices.Sort(all)
	return all
}

// source reads what stands behind the kind.
func (w *wish) source(kind string, args []string) (map[string]any, error) {
	source := map[string]any{"source": strings.Join(args, " ")}
	switch {
	case kind == "build":
		builds := slices.Concat(args, w.builds)
		if len(builds) == 0 {
			return nil, failed(exitUsage, "name builds: distaff compose create build bash-5.3-1.fc45")
		}
		source["source"], source["builds"] = "", builds
		return source, nil
	case kind == "locked":
		return w.locked(args)
	case kind == "raw-config" && len(args) == 2:
		source["source"] = args[0] + "#" + args[1]
	case len(args) == 0 && (kind != "module" || len(w.scratchModules) == 0):
		return nil, failed(exitUsage, "say which: distaff compose create %s %s", kind, map[string]string{
			"tag": "f45-updates", "module": "nodejs:20", "pulp": "NAME", "raw-config": "NAME COMMIT", "pungi-compose": "URL", "repo": "PATH",
		}[kind])
	}
	put(source, "builds", w.builds)
	return source, nil
}

// locked reads a compose's number, a digest, or a file of RPMs.
func (w *wish) locked(args []string) (map[string]any, error) {
	switch {
	case w.rpms != "" && len(args) == 0:
		lines, err := readLines(w.rpms)
		return map[string]any{"rpms": lines}, err
	case w.rpms != "" || len(args) != 1:
		return nil, failed(exitUsage, "name one compose or digest, or a file with --rpms: distaff compose create locked 12")
	case len(args[0]) == 64:
		return map[string]any{"source": args[0]}, nil
	}
	id, err := composeID(args[0])
	if err != nil {
		return nil, err
	}
	text, _ := json.Marshal(id)
	return map[string]any{"source": "compose:" + string(text)}, nil
}

func readLines(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, failed(exitTrouble, "read the list of RPMs: %w", err)
	}
	defer func() { _ = f.Close() }()
	var lines []string
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		if line := strings.TrimSpace(scanner.Text()); line != "" && line[0] != '#' {
			lines = append(lines, strings.TrimSuffix(line, ".rpm"))
		}
	}
	if len(lines) == 0 {
		return nil, failed(exitUsage, "%s names no RPM: write one a line, such as bash-5.3-1.fc45.x86_64", file)
	}
	return lines, nil
}
