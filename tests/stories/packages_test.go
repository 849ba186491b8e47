package stories

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// built puts a build into a tag: of the packages named, or of one of its own
// name. One is a name, with an architecture behind a dot where it is not noarch.
func (p *player) built(nvr, tag string, o map[string]string) error {
	parsed, err := rpm.ParseNVR(nvr)
	if err != nil {
		return err
	}
	names := list(o["packages"])
	if len(names) == 0 {
		names = []string{parsed.Name}
	}
	source := rpm.NVRA{NVR: parsed, Arch: rpm.Source}
	specs := []rpmfile.Spec{{NVRA: source}}
	for _, name := range names {
		name, arch, found := strings.Cut(name, ".")
		if !found {
			arch = rpm.Noarch
		}
		one := rpm.NVRA{NVR: rpm.NVR{Name: name, EVR: parsed.EVR}, Arch: arch}
		specs = append(specs, rpmfile.Spec{NVRA: one, SourceRPM: source.File(), Files: []string{"/usr/bin/" + name}})
	}
	dir, err := os.MkdirTemp(p.dir, "built")
	if err != nil {
		return err
	}
	var files []string
	for _, spec := range specs {
		spec.Summary, spec.License, spec.BuildTime = "A package", "MIT", 1_700_000_000
		file := filepath.Join(dir, spec.File())
		if err := os.WriteFile(file, spec.Encode(), 0o600); err != nil {
			return err
		}
		files = append(files, file)
	}
	if _, err = p.world.Koji.Import(kojitest.Import{Files: files, Owner: "anna"}); err != nil {
		return err
	}
	if err := p.world.Koji.AddPackages(tag, parsed.Name); err != nil {
		return err
	}
	if o["signed"] != "" {
		if err := p.world.Koji.Sign(nvr, o["signed"]); err != nil {
			return err
		}
	}
	return p.world.Koji.Tag(tag, nvr, "anna")
}

// document is a modulemd document of a module of one package.
const document = `---
document: modulemd
version: 2
data:
  name: %s
  stream: "%s"
  version: 1
  context: c0ffee42
  summary: A module
  description: A module
  license: {module: [MIT]}
  components: {rpms: {%[3]s: {rationale: Content}}}
...
`

// module puts a module of one build into a tag; the build is made for it.
func (p *player) module(name, nvr, tag string) error {
	name, stream, _ := strings.Cut(name, ":")
	parsed, err := rpm.ParseNVR(nvr)
	if err != nil {
		return err
	}
	if err := p.built(nvr, "f45-build", nil); err != nil {
		return err
	}
	_, err = p.world.Koji.ImportModule(kojitest.Module{
		Name: name, Stream: stream, Version: "1", Context: "c0ffee42", YAML: fmt.Sprintf(document, name, stream, parsed.Name),
		Builds: []string{nvr}, Tags: []string{tag},
	})
	return err
}
