package kojitest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Module is a module build to be imported.
type Module struct {
	Name, Stream, Version, Context string
	// YAML is its modulemd document; by architecture, where those differ.
	YAML   string
	Arches map[string]string
	// Builds are its components, which must have been imported. They go into
	// the tag of its content.
	Builds []string
	// Tags are those the module build is put into.
	Tags []string
}

// ContentTag is what the Module Build Service calls the tag of a module's
// packages.
func (m Module) ContentTag() string {
	return "module-" + m.Name + "-" + m.Stream + "-" + m.Version + "-" + m.Context
}

// ImportModule takes a module build in, as the Module Build Service does: a
// build without packages that says in its extra data which tag has them
// (module_build_service, KojiContentGenerator).
func (s *Server) ImportModule(m Module) (int64, error) {
	nvr := rpm.NVR{Name: m.Name, EVR: rpm.EVR{Version: strings.ReplaceAll(m.Stream, "-", "_"), Release: m.Version + "." + m.Context}}
	dir, err := koji.BuildPath("", nvr)
	if err != nil {
		return 0, err
	}
	dir = filepath.Join(s.config.Dir, filepath.FromSlash(dir), "files", "module")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, fmt.Errorf("import module: %w", err)
	}
	documents := map[string]string{"modulemd.txt": m.YAML}
	for arch, text := range m.Arches {
		documents["modulemd."+arch+".txt"] = text
	}
	for name, text := range documents {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o644); err != nil {
			return 0, fmt.Errorf("import module: %w", err)
		}
	}
	tag := m.ContentTag()
	if err := s.AddTag(TagSpec{Name: tag, Arches: sortedKeys(m.Arches)}); err != nil {
		return 0, err
	}
	for _, build := range m.Builds {
		parsed, err := rpm.ParseNVR(build)
		if err != nil {
			return 0, err
		}
		if err := s.AddPackages(tag, parsed.Name); err != nil {
			return 0, err
		}
		if err := s.Tag(tag, build, "mbs"); err != nil {
			return 0, err
		}
	}
	return s.importBuild(Import{
		Tags: m.Tags, Generator: "module-build-service", Types: []string{"module"},
		Extra: map[string]any{"typeinfo": map[string]any{"module": map[string]any{
			"name": m.Name, "stream": m.Stream, "version": m.Version, "context": m.Context,
			"content_koji_tag": tag, "modulemd_str": m.YAML, "module_build_service_id": int64(len(tag)),
		}}},
	}, nvr, nil)
}
