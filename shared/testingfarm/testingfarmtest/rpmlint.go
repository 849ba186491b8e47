package testingfarmtest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fedoraLike are settings for an rpmlint that comes without its distribution's.
//
//go:embed rpmlint.toml
var fedoraLike []byte

// rpmlint reads the SRPM and all RPMs. Errors fail, warnings do not. Settings
// of the package at the commit it was built from count.
func (r *toolRun) rpmlint(ctx context.Context) (Verdict, error) {
	if why := r.absent("rpmlint"); why != "" {
		return skipped("%s", why)
	}
	list, err := r.packages(ctx)
	if err != nil {
		return Verdict{}, err
	}
	args, err := r.rpmlintSettings(ctx)
	if err != nil {
		return Verdict{}, err
	}
	for _, b := range list {
		args = append(args, b.path)
	}
	began := time.Now()
	out, code, err := r.execute(ctx, r.find("rpmlint"), args...)
	if err != nil {
		return Verdict{}, fmt.Errorf("run rpmlint: %w", err)
	}
	// 64 is its word for "errors found"; anything else is a failure of its own.
	if code != 0 && code != 64 {
		return Verdict{}, fmt.Errorf("rpmlint ended with %d: %s", code, lastLine(out))
	}
	out = strings.ReplaceAll(out, r.scratch+"/", "")
	return rpmlintVerdict(list, out, time.Since(began)), nil
}

// rpmlintLine is one finding: "hello.x86_64: E: zero-length /etc/hello".
var rpmlintLine = regexp.MustCompile(`(?m)^(\S+?)(?::\d+)?: ([EW]): (\S+)`)

// rpmlintVerdict makes one test of each package, the spec counting to the SRPM.
func rpmlintVerdict(list []built, out string, took time.Duration) Verdict {
	errorsOf, errs, warnings := map[string][]string{}, 0, 0
	for _, m := range rpmlintLine.FindAllStringSubmatch(out, -1) {
		if m[2] == "W" {
			warnings++
			continue
		}
		errs++
		if !slices.Contains(errorsOf[m[1]], m[3]) {
			errorsOf[m[1]] = append(errorsOf[m[1]], m[3])
		}
	}
	v := Verdict{Overall: "passed", Summary: fmt.Sprintf("%d errors, %d warnings", errs, warnings)}
	for _, b := range list {
		subject := b.name + "." + b.arch
		found := errorsOf[subject]
		delete(errorsOf, subject)
		if b.arch == "src" {
			for other, kinds := range errorsOf {
				if strings.HasSuffix(other, ".spec") {
					found = append(found, kinds...)
					delete(errorsOf, other)
				}
			}
		}
		t := TestRun{Name: "/rpmlint/" + subject, Result: "passed", Took: took / time.Duration(len(list)), Output: out}
		if len(found) > 0 {
			t.Result, v.Overall = "failed", "failed"
			t.Notes = []string{strings.Join(found, ", ")}
		}
		v.Tests = append(v.Tests, t)
	}
	if len(errorsOf) > 0 { // about something else: nothing found may get lost
		v.Overall = "failed"
		v.Tests = append(v.Tests, TestRun{Name: "/rpmlint", Result: "failed", Output: out})
	}
	return v
}

// rpmlintSettings writes the configuration: ours where the distribution gave
// none, then the package's.
func (r *toolRun) rpmlintSettings(ctx context.Context) ([]string, error) {
	conf := filepath.Join(r.scratch, "rpmlint")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return nil, err
	}
	own, _ := filepath.Glob("/etc/xdg/rpmlint/*.toml")
	if len(own) == 0 {
		r.job.Logf("rpmlint has no settings of a distribution here: with settings like Fedora's")
		if err := os.WriteFile(filepath.Join(conf, "10-fedora-like.toml"), fedoraLike, 0o600); err != nil {
			return nil, err
		}
	}
	args := []string{"--config", conf}
	if r.Files == nil {
		return args, nil
	}
	files, err := r.Files(ctx, r.job.Task)
	if err != nil {
		r.job.Logf("the package's own rpmlint settings could not be read: %v", err)
		return args, nil
	}
	var rc []byte
	for name, raw := range files {
		switch {
		case name == "rpmlint.toml":
			r.job.Logf("with %s of the package", name)
			if err := os.WriteFile(filepath.Join(conf, "20-package.toml"), raw, 0o600); err != nil {
				return nil, err
			}
		case strings.HasSuffix(name, ".rpmlintrc"):
			r.job.Logf("with %s of the package", name)
			rc = append(append(rc, raw...), '\n')
		}
	}
	if rc != nil {
		path := filepath.Join(r.scratch, "package.rpmlintrc")
		if err := os.WriteFile(path, rc, 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--rpmlintrc", path, "--ignore-unused-rpmlintrc")
	}
	return args, nil
}
