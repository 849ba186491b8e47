package testingfarmtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// rpminspect reads each RPM by itself. The comparison with an earlier build,
// which the real plan does, needs that build and is not done here.
func (r *toolRun) rpminspect(ctx context.Context) (Verdict, error) {
	program := r.find("rpminspect-fedora", "rpminspect")
	if program == "" {
		return skipped("rpminspect is not installed")
	}
	list, err := r.packages(ctx)
	if err != nil {
		return Verdict{}, err
	}
	var config []string
	if r.Files != nil {
		files, err := r.Files(ctx, r.job.Task)
		if err != nil {
			r.job.Logf("the package's own rpminspect.yaml could not be read: %v", err)
		} else if raw, ok := files["rpminspect.yaml"]; ok {
			// It reads this name from the folder it is started in.
			if err := os.WriteFile(filepath.Join(r.scratch, "rpminspect.yaml"), raw, 0o600); err != nil {
				return Verdict{}, err
			}
		}
	}
	v := Verdict{Overall: "passed", Summary: "not compared with an earlier build"}
	for _, b := range list {
		err := r.tested(ctx, &v, "/rpminspect/"+b.name+"."+b.arch, program, append(config, b.path)...)
		if err != nil {
			return Verdict{}, err
		}
	}
	return v, nil
}

// rmdepcheck asks which packages of the base repository the build breaks.
func (r *toolRun) rmdepcheck(ctx context.Context) (Verdict, error) {
	if why := r.absent("rmdepcheck", "createrepo_c"); why != "" {
		return skipped("%s", why)
	}
	if r.Base == nil {
		return skipped("there is no base repository whose packages could break")
	}
	if _, err := r.packages(ctx); err != nil {
		return Verdict{}, err
	}
	build := filepath.Join(r.scratch, "rpms")
	if err := r.repository(ctx, build); err != nil {
		return Verdict{}, err
	}
	v := Verdict{Overall: "passed", Summary: "against " + r.Base.Name}
	return v, r.tested(ctx, &v, "/rmdepcheck", r.find("rmdepcheck"), r.Base.URL, "file://"+build)
}

// licenseValidate checks the licence expressions the packages carry.
func (r *toolRun) licenseValidate(ctx context.Context) (Verdict, error) {
	if why := r.absent("license-validate", "rpm"); why != "" {
		return skipped("%s", why)
	}
	list, err := r.packages(ctx)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Overall: "passed"}
	seen := map[string]bool{}
	for _, b := range list {
		out, code, err := r.execute(ctx, r.find("rpm"), "-qp", "--nosignature", "--queryformat", "%{LICENSE}", b.path)
		if err != nil || code != 0 {
			return Verdict{}, fmt.Errorf("read the licence of %s: %s", b.file, lastLine(out))
		}
		if seen[out] {
			continue
		}
		seen[out] = true
		if err := r.tested(ctx, &v, "/license-validate/"+b.name+"."+b.arch, r.find("license-validate"), "-v", out); err != nil {
			return Verdict{}, err
		}
	}
	return v, nil
}

// tested runs a program that ends with 0 if all is well and 1 if not, and adds
// the test. Any other end is a failure of the program's own.
func (r *toolRun) tested(ctx context.Context, v *Verdict, name, program string, args ...string) error {
	began := time.Now()
	out, code, err := r.execute(ctx, program, args...)
	if err != nil {
		return fmt.Errorf("run %s: %w", filepath.Base(program), err)
	}
	t := TestRun{Name: name, Took: time.Since(began), Output: strings.ReplaceAll(out, r.scratch+"/", "")}
	switch code {
	case 0:
		t.Result = "passed"
	case 1:
		t.Result, v.Overall = "failed", "failed"
		t.Notes = []string{lastLine(t.Output)}
	default:
		return fmt.Errorf("%s ended with %d: %s", filepath.Base(program), code, lastLine(out))
	}
	v.Tests = append(v.Tests, t)
	return nil
}
