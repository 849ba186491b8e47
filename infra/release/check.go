package release

import (
	"errors"
	"fmt"
	"slices"
)

// Check tells everything that is wrong with a release.
func (r *Release) Check() error {
	var problems []error
	say := func(good bool, format string, args ...any) {
		if !good {
			problems = append(problems, fmt.Errorf("release: "+format, args...))
		}
	}
	say(r.Schema == Schema, "its schema is %d, and only %d is known", r.Schema, Schema)
	say(versionForm.MatchString(r.Version), "version %.60q: letters, digits, dot, dash and underscore", r.Version)
	say(commitForm.MatchString(r.Commit), "commit %.60q is no full id of Git", r.Commit)
	say(!r.Time.IsZero(), "it has no time")
	say(goForm.MatchString(r.Go), "go %.60q is no version of Go", r.Go)
	say(digestForm.MatchString(r.Modules), "modules %.80q is no digest", r.Modules)
	say(r.Config > 0, "it names no schema of the configuration")
	say(len(r.Images) > 0, "it has no image")
	var names []string
	for _, image := range r.Images {
		say(!slices.Contains(names, image.Name), "two images are called %q", image.Name)
		names = append(names, image.Name)
		problems = append(problems, image.check()...)
	}
	return errors.Join(problems...)
}

func (i Image) check() (problems []error) {
	say := func(good bool, format string, args ...any) {
		if !good {
			problems = append(problems, fmt.Errorf("release: image %.60q: "+format, append([]any{i.Name}, args...)...))
		}
	}
	say(nameForm.MatchString(i.Name), "its name is none")
	say(len(i.Repository) <= 255 && repositoryForm.MatchString(i.Repository), "repository %.80q is none", i.Repository)
	say(digestForm.MatchString(i.Digest), "digest %.80q is none", i.Digest)
	say(len(i.Platforms) > 0, "it is for no platform")
	for platform, digest := range i.Platforms {
		say(platformForm.MatchString(platform), "platform %.40q is none", platform)
		say(digestForm.MatchString(digest), "%.40s: digest %.80q is none", platform, digest)
	}
	for platform, size := range i.Bytes {
		_, ok := i.Platforms[platform]
		say(ok && size > 0, "%.40q has %d bytes", platform, size)
	}
	for field, digest := range map[string]string{"base": i.Base, "sbom": i.SBOM, "provenance": i.Provenance} {
		say(digest == "" || digestForm.MatchString(digest), "%s %.80q is no digest", field, digest)
	}
	return problems
}
