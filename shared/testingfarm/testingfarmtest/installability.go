package testingfarmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// installability installs every package of the build, with dnf, into an empty
// root on top of the base repository: dependencies are solved, files unpacked
// and compared for conflicts. Scriptlets are not run. The verdict's words name
// the base it was reached against, the tests' what was not done.
//
// All together first. Where that does not work, each alone: packages of one
// build may exclude each other on purpose.
func (r *toolRun) installability(ctx context.Context) (Verdict, error) {
	if why := r.absent("dnf", "createrepo_c"); why != "" {
		return skipped("%s", why)
	}
	if own := machine(); r.job.Arch != own {
		return skipped("this machine is %s, not %s", own, r.job.Arch)
	}
	how, why := r.installer(ctx)
	if why != "" {
		return skipped("%s", why)
	}
	all, err := r.packages(ctx)
	if err != nil {
		return Verdict{}, err
	}
	var list []built
	for _, b := range all {
		if b.arch != "src" && !b.debug() {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		return skipped("the build has no package to install on %s", r.job.Arch)
	}
	base, err := r.base(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if err := r.repository(ctx, filepath.Join(r.scratch, "rpms")); err != nil {
		return Verdict{}, err
	}
	against := "against " + base.Name
	v := Verdict{Overall: "passed", Summary: against}
	began := time.Now()
	out, ok, err := r.install(ctx, how, base, "all", list)
	if err != nil {
		return Verdict{}, err
	}
	if ok {
		for _, b := range list {
			v.Tests = append(v.Tests, TestRun{
				Name: "/installability/" + b.name, Result: "passed", Took: time.Since(began) / time.Duration(len(list)),
				Notes: []string{against + "; " + how.not}, Output: out,
			})
		}
		return v, nil
	}
	together := dnfSays(out)
	for _, b := range list {
		began, failed := time.Now(), out
		if len(list) > 1 {
			failed, ok, err = r.install(ctx, how, base, b.name, []built{b})
			if err != nil {
				return Verdict{}, err
			}
		}
		test := TestRun{Name: "/installability/" + b.name, Result: "passed", Took: time.Since(began), Output: failed}
		if ok {
			test.Notes = []string{"alone; not together with the others: " + together, against + "; " + how.not}
		} else {
			test.Result, v.Overall = "failed", "failed"
			test.Notes = []string{dnfSays(failed), against}
		}
		v.Tests = append(v.Tests, test)
	}
	return v, nil
}

// installer is how dnf is called to install.
type installer struct {
	before  []string // what it is called through
	tsflags string
	not     string // what is not done, for people
}

// installer is dnf itself where this Testing Farm is root. Else it is root in
// a namespace of its own, which cannot hand files to other users: there the
// transaction is tested, to its end, but nothing is unpacked.
func (r *toolRun) installer(ctx context.Context) (how installer, why string) {
	if os.Geteuid() == 0 {
		return installer{[]string{r.find("dnf")}, "noscripts", "scriptlets were not run"}, ""
	}
	if unshare := r.find("unshare"); unshare != "" {
		if _, code, err := r.execute(ctx, unshare, "--map-root-user", "true"); err == nil && code == 0 {
			return installer{
				[]string{unshare, "--map-root-user", r.find("dnf")},
				"noscripts test",
				"files were not unpacked, scriptlets not run",
			}, ""
		}
	}
	return installer{}, "installing needs root or user namespaces, and here is neither"
}

// install does one transaction in a root of its own.
func (r *toolRun) install(ctx context.Context, how installer, base Repository, name string, list []built) (string, bool, error) {
	dir := filepath.Join(r.scratch, "install-"+name)
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// A configuration of its own: nothing of this machine's repositories,
	// plugins or caches shall decide.
	conf := filepath.Join(dir, "dnf.conf")
	settings := fmt.Sprintf("[main]\nreposdir=%[1]s/none\nvarsdir=%[1]s/none\npluginconfpath=%[1]s/none\nplugins=0\n"+
		"cachedir=%[1]s/cache\npersistdir=%[1]s/persist\nlogdir=%[1]s\ngpgcheck=0\nbest=1\nstrict=1\n"+
		"install_weak_deps=0\nkeepcache=0\nmodule_platform_id=\ntsflags=%[2]s\n", dir, how.tsflags)
	if err := os.WriteFile(conf, []byte(settings), 0o644); err != nil {
		return "", false, err
	}
	args := append(how.before[1:len(how.before):len(how.before)],
		"-y", "--config", conf, "--installroot", root, "--releasever", releasever(r.job), "--disablerepo=*",
		"--repofrompath=base,"+base.URL, "--repofrompath=build,file://"+filepath.Join(r.scratch, "rpms"), "install",
	)
	for _, b := range list {
		args = append(args, b.nvra())
	}
	out, code, err := r.execute(ctx, how.before[0], args...)
	if err != nil {
		return "", false, fmt.Errorf("run dnf: %w", err)
	}
	if code != 0 && repositoryBroken.MatchString(out) {
		return "", false, errors.New("dnf could not read " + base.Name + ": " + dnfSays(out))
	}
	return out, code == 0, nil
}

// repositoryBroken is dnf failing before it looked at any package.
var repositoryBroken = regexp.MustCompile(`(?m)^Error: Failed to download metadata|^Errors during downloading metadata`)

// releasever is what dnf puts for $releasever: "rawhide", "43", "10", "eln".
func releasever(job Job) string {
	distro := cmp.Or(job.Context["distro"], strings.ToLower(job.Compose))
	version := distro[strings.LastIndexByte(distro, '-')+1:]
	if regexp.MustCompile(`^[a-z0-9.]+$`).MatchString(version) {
		return version
	}
	return "rawhide"
}

// repository makes a folder of RPMs one.
func (r *toolRun) repository(ctx context.Context, dir string) error {
	out, code, err := r.execute(ctx, r.find("createrepo_c"), "--quiet", dir)
	if err != nil || code != 0 {
		return fmt.Errorf("make a repository: %w: %s", cmp.Or(err, errors.New("createrepo_c failed")), lastLine(out))
	}
	return nil
}

// dnfSays is the part of dnf's output that tells why.
func dnfSays(out string) string {
	var why []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		plain := strings.TrimSpace(strings.TrimLeft(line, "- "))
		switch {
		case strings.HasPrefix(plain, "nothing provides"), strings.HasPrefix(plain, "file "), strings.Contains(plain, " conflicts with "),
			strings.HasPrefix(plain, "No match for argument"), strings.HasPrefix(plain, "Error: Unable"), strings.Contains(plain, "none of the providers"):
			why = append(why, plain)
		}
		if len(why) == 5 {
			break
		}
	}
	if len(why) == 0 {
		return lastLine(out)
	}
	return strings.Join(why, "; ")
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
