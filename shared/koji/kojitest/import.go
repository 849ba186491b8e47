package kojitest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Import is a build that was made elsewhere.
type Import struct {
	// Files are its package files. They are of one source package, which need
	// not be among them.
	Files []string
	// Tags are those it is put into; it is listed in them first, if need be.
	Tags []string
	// Owner is whose build it is. Empty means the first account.
	Owner  string
	Source string // the commit it is of
	Volume string // "DEFAULT" if empty
	Draft  bool
	// Generator, Types and Extra are what a content generator adds.
	Generator string
	Types     []string
	Extra     map[string]any

	task int64
	// id is a build that is under way.
	id int64
}

// importFile is a package file with what it says of itself.
type importFile struct {
	path string
	rpmfile.Info
	size   int64
	sha256 string
}

// Import takes a build in: its files are copied to where Koji has them, its
// packages get rows, and it is tagged. It gives the number of the build.
func (s *Server) Import(in Import) (int64, error) {
	files, nvr, err := readImports(in.Files)
	if err != nil {
		return 0, err
	}
	return s.importBuild(in, nvr, files)
}

// readImports reads the headers of files, and whose they are.
func readImports(paths []string) ([]importFile, rpm.NVR, error) {
	var files []importFile
	var nvr rpm.NVR
	for _, path := range paths {
		f, err := readImport(path)
		if err != nil {
			return nil, nvr, fmt.Errorf("import %s: %w", filepath.Base(path), err)
		}
		of := f.NVR
		if f.Arch != rpm.Source {
			source, err := rpm.ParseNVRA(f.SourceRPM)
			if err != nil {
				return nil, nvr, fmt.Errorf("import %s: its source package: %w", filepath.Base(path), err)
			}
			of = source.NVR
		}
		switch {
		case f.Arch == rpm.Source || nvr.Name == "":
			if nvr.Name != "" && of.String() != nvr.String() {
				return nil, nvr, fmt.Errorf("import %s: it is not of build %s", filepath.Base(path), nvr)
			}
			nvr = of
		case of.String() != nvr.String():
			return nil, nvr, fmt.Errorf("import %s: it is of build %s, not of %s", filepath.Base(path), of, nvr)
		}
		files = append(files, f)
	}
	if nvr.Name == "" {
		return nil, nvr, fmt.Errorf("import: no package files")
	}
	return files, nvr, nil
}

func readImport(path string) (importFile, error) {
	src, err := os.Open(path)
	if err != nil {
		return importFile{}, err
	}
	defer func() { _ = src.Close() }()
	sum := sha256.New()
	info, err := rpmfile.Read(io.TeeReader(src, sum))
	if err != nil {
		return importFile{}, err
	}
	if want := info.File(); filepath.Base(path) != want {
		return importFile{}, fault(koji.FaultGeneric, "bad filename: %s (expected %s)", filepath.Base(path), want)
	}
	if _, err := io.Copy(sum, src); err != nil {
		return importFile{}, err
	}
	stat, err := src.Stat()
	if err != nil {
		return importFile{}, err
	}
	return importFile{path: path, Info: info, size: stat.Size(), sha256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func (s *Server) importBuild(in Import, nvr rpm.NVR, files []importFile) (int64, error) {
	var b *buildRow
	err := s.change(func(*history) error {
		var err error
		b, err = s.newBuild(in, nvr)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := s.layOut(b, files); err != nil {
		return 0, fmt.Errorf("import %s: %w", nvr, err)
	}
	return b.ID, s.change(func(h *history) error {
		for _, f := range files {
			h.addRPM(b, f, s.config.HashImports)
			if f.Arch == rpm.Source {
				b.Epoch, b.HasEpoch = f.Epoch, f.HasEpoch
			}
		}
		s.completeBuild(b)
		for _, tag := range in.Tags {
			_, row, _ := h.tag(tag, 0)
			if row == nil {
				return fault(koji.FaultGeneric, "No such tagInfo: '%s'", tag)
			}
			h.list(row, b.Name, false, s.config.Now)
			if refused := s.tagBuild(tag, b.ID, b.Owner, false); refused != nil {
				return refused
			}
		}
		return nil
	})
}

// layOut copies files to where Koji has them. One that is there is left of a
// build that failed, and is written over.
func (s *Server) layOut(b *buildRow, files []importFile) error {
	for _, f := range files {
		to, err := koji.RPMPath(b.Volume, b.NVR, f.NVRA)
		if err != nil {
			return err
		}
		to = filepath.Join(s.config.Dir, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := copyFile(f.path, to); err != nil {
			return err
		}
	}
	return nil
}

// newBuild makes the row of a build, or takes that of one that is under way or
// has failed. Server.mu must be held.
func (s *Server) newBuild(in Import, nvr rpm.NVR) (*buildRow, error) {
	h := &s.past
	if in.id != 0 {
		return h.Builds[in.id-1], nil
	}
	now := s.config.Now().UnixMicro()
	if b := h.build(nvr.String()); b != nil && !in.Draft {
		if b.State == koji.Complete || b.State == koji.Building {
			return nil, fault(koji.FaultGeneric, "Build already exists (id=%d, state=%s): %s", b.ID, b.State, nvr)
		}
		b.State, b.Task, b.Created, b.Completed, b.RPMs = koji.Building, in.task, now, 0, nil
		return b, nil
	}
	b := &buildRow{
		ID: int64(len(h.Builds) + 1), Package: h.pkg(nvr.Name), NVR: nvr, State: koji.Building, Task: in.task,
		Owner: in.Owner, Event: h.event(s.config.Now()), Created: now, Volume: in.Volume, Source: in.Source,
		Draft: in.Draft, Generator: in.Generator, Types: in.Types, Extra: in.Extra,
	}
	if b.Draft {
		b.Release += fmt.Sprintf(",draft_%d", b.ID)
	}
	if b.Volume == "" {
		b.Volume = "DEFAULT"
	}
	if b.Owner == "" && len(s.users) > 0 {
		b.Owner = s.users[0].name
	}
	if len(b.Types) == 0 {
		b.Types = []string{"rpm"}
	}
	h.Builds = append(h.Builds, b)
	h.buildID[b.String()] = b.ID
	s.announceBuild(b, nil)
	return b, nil
}

func (s *Server) completeBuild(b *buildRow) {
	b.State, b.Completed = koji.Complete, s.config.Now().UnixMicro()
	s.announceBuild(b, int64(koji.Building))
}

// addRPM makes the row of a package. As with the hub, the file as it was built
// has a signature row of no key, or of the key it came signed with, and no
// checksum until somebody asks for one to be made.
func (h *history) addRPM(b *buildRow, f importFile, hash bool) *rpmRow {
	p := &rpmRow{
		ID: int64(len(h.RPMs) + 1), Build: b.ID, NVRA: f.NVRA, HasEpoch: f.HasEpoch, Size: f.size, Built: f.BuildTime, MD5: f.MD5,
		Sigs: []sigRow{{Hash: f.MD5}},
	}
	if hash {
		p.Sigs[0].SHA256 = f.sha256
	}
	h.RPMs = append(h.RPMs, p)
	b.RPMs = append(b.RPMs, p.ID)
	return p
}
