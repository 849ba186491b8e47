package testingfarmtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// custom runs the package's own plans at the commit, with tmt, in a container
// with the build installed. It never runs them on this machine itself: they
// were written for one that is thrown away.
func (r *toolRun) custom(ctx context.Context) (Verdict, error) {
	if why := r.absent("tmt", "podman", "git"); why != "" {
		return skipped("%s", why)
	}
	if !strings.HasPrefix(r.job.URL, "https://") && !strings.HasPrefix(r.job.URL, "http://") {
		return skipped("plans are read from http addresses only")
	}
	if strings.HasPrefix(r.job.Ref, "-") {
		return Verdict{}, fmt.Errorf("%q is no commit", r.job.Ref)
	}
	clone := filepath.Join(r.scratch, "plans")
	for _, args := range [][]string{
		{"init", "--quiet", clone},
		{"-C", clone, "fetch", "--quiet", "--depth=1", "--", r.job.URL, r.job.Ref},
		{"-C", clone, "checkout", "--quiet", "FETCH_HEAD"},
	} {
		out, code, err := r.execute(ctx, r.find("git"), args...)
		if err != nil || code != 0 {
			return Verdict{}, fmt.Errorf("read the plans of %s: %s", r.job.Ref, lastLine(out))
		}
	}
	image := containerImage(r.job.Compose)
	if image == "" {
		return skipped("there is no container like %s", r.job.Compose)
	}
	args := []string{"--root", clone}
	for key, value := range r.job.Context {
		args = append(args, "--context", key+"="+value)
	}
	args = append(args, "run", "--id", filepath.Join(r.scratch, "run"), "--all")
	for key, value := range r.job.Variables {
		args = append(args, "--environment", key+"="+value)
	}
	args = append(args, "provision", "--how", "container", "--image", image)
	if r.job.Task > 0 {
		if _, err := r.packages(ctx); err != nil {
			return Verdict{}, err
		}
		rpms := filepath.Join(r.scratch, "rpms")
		sources, _ := filepath.Glob(filepath.Join(rpms, "*.src.rpm"))
		for _, s := range sources { // all RPMs of the folder get installed
			_ = os.Remove(s)
		}
		args = append(args, "prepare", "--insert", "--how", "install", "--directory", rpms)
	}
	began := time.Now()
	out, code, err := r.execute(ctx, r.find("tmt"), args...)
	if err != nil {
		return Verdict{}, fmt.Errorf("run tmt: %w", err)
	}
	t := TestRun{Name: "/tmt", Took: time.Since(began), Output: strings.ReplaceAll(out, r.scratch+"/", "")}
	v := Verdict{Summary: "in the container " + image}
	// tmt's own exit codes.
	switch code {
	case 0:
		t.Result = "passed"
	case 1:
		t.Result = "failed"
	case 3, 4:
		return skipped("tmt found no test to run")
	default:
		return Verdict{}, fmt.Errorf("tmt ended with %d: %s", code, lastLine(out))
	}
	v.Overall, v.Tests = t.Result, []TestRun{t}
	return v, nil
}

// containerImage is the container that is most like a compose.
func containerImage(compose string) string {
	name, version, ok := cutLast(strings.ToLower(compose), "-")
	switch {
	case !ok:
		return ""
	case name == "fedora" && version == "eln":
		return "quay.io/fedoraci/fedora:eln-x86_64"
	case name == "fedora":
		return "quay.io/fedora/fedora:" + version
	case name == "centos-stream":
		return "quay.io/centos/centos:stream" + version
	default:
		return ""
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
