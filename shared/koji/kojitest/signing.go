package kojitest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
)

// Sign writes a copy of each package of a build signed with a key of eight hex
// digits, and stores its checksum, as a signing service lets the hub do. The
// signature is one in form only: see rpmfile.Sign.
func (s *Server) Sign(nvr, key string) error {
	key = strings.ToLower(key)
	s.mu.Lock()
	b := s.past.build(nvr)
	var rpms []*rpmRow
	if b != nil {
		for _, id := range b.RPMs {
			rpms = append(rpms, s.past.RPMs[id-1])
		}
	}
	s.mu.Unlock()
	if b == nil {
		return fault(koji.FaultGeneric, "No such build: '%s'", nvr)
	}
	for _, p := range rpms {
		sig, err := s.signRPM(b, p, key)
		if err != nil {
			return fmt.Errorf("sign %s: %w", p.NVRA, err)
		}
		err = s.change(func(*history) error {
			p.Sigs = append(slices.DeleteFunc(slices.Clone(p.Sigs), func(old sigRow) bool { return old.Key == key }), sig)
			s.announceSign(b, p, sig)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) signRPM(b *buildRow, p *rpmRow, key string) (sigRow, error) {
	name, err := koji.SignedPath(b.Volume, b.NVR, p.NVRA, key)
	if err != nil {
		return sigRow{}, err
	}
	plain, err := s.content(b, p, "")
	if err != nil {
		return sigRow{}, err
	}
	var out bytes.Buffer
	raw, err := rpmfile.Sign(bytes.NewReader(plain), &out, key)
	if err != nil {
		return sigRow{}, err
	}
	hash, sum := md5.Sum(raw), sha256.Sum256(out.Bytes())
	sig := sigRow{Key: key, Hash: hex.EncodeToString(hash[:]), SHA256: hex.EncodeToString(sum[:])}
	if p.part != 0 {
		s.mu.Lock()
		delete(s.gone, path.Dir(path.Dir(name)))
		s.mu.Unlock()
		return sig, nil // made again whenever it is asked for
	}
	to := filepath.Join(s.config.Dir, filepath.FromSlash(name))
	kept := filepath.Join(filepath.Dir(to), "..", "..", "..", "sigcache", key, p.Arch, filepath.Base(to)+".sig")
	for file, raw := range map[string][]byte{to: out.Bytes(), kept: raw} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return sigRow{}, err
		}
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			return sigRow{}, err
		}
	}
	return sig, nil
}

// content gives a package file, or a signed copy of it, whole.
func (s *Server) content(b *buildRow, p *rpmRow, key string) ([]byte, error) {
	if p.part != 0 {
		return bulkFile(b, p, key)
	}
	name, err := koji.RPMPath(b.Volume, b.NVR, p.NVRA)
	if key != "" {
		name, err = koji.SignedPath(b.Volume, b.NVR, p.NVRA, key)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(s.config.Dir, filepath.FromSlash(name)))
}

// getRPMChecksums answers what is stored. Where it may compute, it reads the
// files it has no checksum of, and stores that.
func getRPMChecksums(c *call) (any, *koji.Fault) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := c.arg("rpm_id").(int64)
	if !ok {
		return nil, fault(koji.FaultGeneric, "rpm_id must be an integer")
	}
	p := s.past.rpm(id)
	if p == nil {
		return nil, fault(koji.FaultGeneric, "No such rpm: {'id': %d}", id)
	}
	kinds, _ := c.arg("checksum_types").([]any)
	if len(kinds) == 0 {
		kinds = []any{"md5", "sha256"}
	}
	out := map[string]any{}
	for i := range p.Sigs {
		sig := &p.Sigs[i]
		if sig.SHA256 == "" && !c.flag("cacheonly") {
			raw, err := s.content(s.past.Builds[p.Build-1], p, sig.Key)
			if err != nil {
				return nil, fault(koji.FaultOther, "<class 'FileNotFoundError'>: %v", err)
			}
			sum := sha256.Sum256(raw)
			sig.SHA256 = hex.EncodeToString(sum[:])
		}
		sums := map[string]any{}
		for _, kind := range kinds {
			name, _ := kind.(string)
			switch {
			case name == "sha256" && sig.SHA256 != "":
				sums[name] = sig.SHA256
			case name == "sha256" || name == "md5" || name == "sha1":
				sums[name] = nil // this Koji stores sha256 only
			default:
				return nil, fault(koji.FaultGeneric, "Checksum_type %s isn't supported", name)
			}
		}
		out[sig.Key] = sums
	}
	return out, nil
}

// Purge removes the files of a build. Its rows say so if they are to be told:
// it is then untagged everywhere and DELETED, as after delete-build; otherwise
// they are left as they were, as after an accident.
func (s *Server) Purge(nvr string, told bool) error {
	var dir string
	err := s.change(func(h *history) error {
		b := h.build(nvr)
		if b == nil {
			return fault(koji.FaultGeneric, "No such build: '%s'", nvr)
		}
		var err error
		if dir, err = koji.BuildPath(b.Volume, b.NVR); err != nil || !told {
			return err
		}
		for i := range h.Tags {
			if slices.ContainsFunc(h.Tags[i].Builds, func(t taggingRow) bool { return t.Build == b.ID && t.at(0) }) {
				if refused := s.untagBuild(int64(i+1), b.ID, b.Owner, false); refused != nil {
					return refused
				}
			}
		}
		b.State = koji.Deleted
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(dir)
}

// PurgeSigned removes the copies of a build that are signed with a key; if the
// rows are told, the hub forgets the signatures too.
func (s *Server) PurgeSigned(nvr, key string, told bool) error {
	var dir string
	err := s.change(func(h *history) error {
		b := h.build(nvr)
		if b == nil {
			return fault(koji.FaultGeneric, "No such build: '%s'", nvr)
		}
		top, err := koji.BuildPath(b.Volume, b.NVR)
		if err != nil {
			return err
		}
		dir = path.Join(top, "data", "signed", key)
		if !told {
			return nil
		}
		for _, id := range b.RPMs {
			p := h.RPMs[id-1]
			p.Sigs = slices.DeleteFunc(slices.Clone(p.Sigs), func(old sigRow) bool { return old.Key == key })
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(dir)
}

// remove takes a folder away from those who fetch files.
func (s *Server) remove(dir string) error {
	s.mu.Lock()
	s.gone[dir] = true
	s.mu.Unlock()
	if err := os.RemoveAll(filepath.Join(s.config.Dir, filepath.FromSlash(dir))); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	return nil
}
