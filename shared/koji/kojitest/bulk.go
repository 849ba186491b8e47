package kojitest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

// Bulk is a tag of many packages, for measuring. Their files are made when they
// are fetched, always with the same bytes, and take no room. They can be listed,
// indexed and resolved, not installed.
type Bulk struct {
	Tag string // made if it is not there
	// Builds are so many source packages, each with so many RPMs for x86_64 or
	// noarch, and a source RPM.
	Builds, RPMs int
	// Key signs them all, if it is not empty.
	Key string
}

// AddBulk fills a tag. It is not for a Koji that keeps its history.
func (s *Server) AddBulk(b Bulk) error {
	return s.addBulk(b, 1)
}

// UpdateBulk tags a newer build of the first packages of a bulk, so that the tag
// differs in these. It may be called again, for a still newer one.
func (s *Server) UpdateBulk(b Bulk) error {
	s.mu.Lock()
	release := 2
	for s.past.build(bulkNVR(0, release).String()) != nil {
		release++
	}
	s.mu.Unlock()
	return s.addBulk(b, release)
}

func (s *Server) addBulk(b Bulk, release int) error {
	if s.config.Keep {
		return errors.New("a koji that keeps its history takes no bulk")
	}
	s.mu.Lock()
	id, _, _ := s.past.tag(b.Tag, 0)
	s.mu.Unlock()
	if id == 0 {
		if err := s.AddTag(TagSpec{Name: b.Tag, Arches: []string{"x86_64"}}); err != nil {
			return err
		}
	}
	made := make([][]*rpmRow, b.Builds)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.Builds; i = int(next.Add(1)) - 1 {
				made[i] = bulkRPMs(bulkNVR(i, release), b)
			}
		})
	}
	workers.Wait()
	return s.change(func(h *history) error {
		for i := range b.Builds {
			if err := s.addBulkBuild(h, b.Tag, bulkNVR(i, release), made[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Server) addBulkBuild(h *history, tag string, nvr rpm.NVR, rpms []*rpmRow) error {
	build, err := s.newBuild(Import{}, nvr)
	if err != nil {
		return err
	}
	for _, p := range rpms {
		p.ID, p.Build = int64(len(h.RPMs)+1), build.ID
		h.RPMs, build.RPMs = append(h.RPMs, p), append(build.RPMs, p.ID)
	}
	s.completeBuild(build)
	_, row, _ := h.tag(tag, 0)
	if id := h.packageID[nvr.Name]; !h.packagesHas(row, id) {
		row.Packages = append(row.Packages, packageRow{span{From: h.event(s.config.Now())}, id, false})
	}
	return asError(s.tagBuild(tag, build.ID, build.Owner, false))
}

// packagesHas is a look at the end only: a package is listed right when it is
// first built.
func (h *history) packagesHas(row *tagRow, id int64) bool {
	for i := len(row.Packages) - 1; i >= 0; i-- {
		if row.Packages[i].Package == id {
			return true
		}
		if row.Packages[i].Package < id {
			return false
		}
	}
	return false
}

func bulkNVR(number, release int) rpm.NVR {
	return rpm.NVR{
		Name: fmt.Sprintf("bulk-%05d", number),
		EVR:  rpm.EVR{Version: fmt.Sprintf("%d.%d", 1+number%9, number%31), Release: fmt.Sprintf("%d.fc45", release)},
	}
}

// bulkRPMs makes the rows of a build's packages, with all that has to be worked
// out from their bytes.
func bulkRPMs(nvr rpm.NVR, b Bulk) []*rpmRow {
	var out []*rpmRow
	for part := 1; part <= b.RPMs+1; part++ {
		spec := bulkSpec(nvr, part)
		raw := spec.Encode()
		info, err := rpmfile.Read(bytes.NewReader(raw))
		if err != nil {
			panic(fmt.Sprintf("a package made out of nothing: %v", err))
		}
		sum := sha256.Sum256(raw)
		p := &rpmRow{
			NVRA: spec.NVRA, Size: int64(len(raw)), Built: spec.BuildTime, MD5: info.MD5, part: part,
			Sigs: []sigRow{{Hash: info.MD5, SHA256: hex.EncodeToString(sum[:])}},
		}
		if b.Key != "" {
			var signed bytes.Buffer
			head, err := rpmfile.Sign(bytes.NewReader(raw), &signed, b.Key)
			if err != nil {
				panic(fmt.Sprintf("sign a package made out of nothing: %v", err))
			}
			hash, sum := md5.Sum(head), sha256.Sum256(signed.Bytes())
			p.Sigs = append(p.Sigs, sigRow{b.Key, hex.EncodeToString(hash[:]), hex.EncodeToString(sum[:])})
		}
		out = append(out, p)
	}
	return out
}

// bulkFile makes a package file again.
func bulkFile(b *buildRow, p *rpmRow, key string) ([]byte, error) {
	raw := bulkSpec(b.NVR, p.part).Encode()
	if key == "" {
		return raw, nil
	}
	var signed bytes.Buffer
	if _, err := rpmfile.Sign(bytes.NewReader(raw), &signed, key); err != nil {
		return nil, err
	}
	return signed.Bytes(), nil
}

// bulkSpec is a package of a build: the first is the source package, then the
// program, its library, its headers, its manual, and any number of plugins. Each
// needs some of another build; all needs are met within the bulk.
func bulkSpec(nvr rpm.NVR, part int) rpmfile.Spec {
	number := 0
	_, _ = fmt.Sscanf(nvr.Name, "bulk-%d", &number)
	spec := rpmfile.Spec{
		NVRA:      rpm.NVRA{NVR: nvr, Arch: "x86_64"},
		SourceRPM: rpm.NVRA{NVR: nvr, Arch: rpm.Source}.File(),
		Summary:   fmt.Sprintf("Package number %d of many", number), License: "MIT",
		BuildTime: 1700000000 + int64(number), Changelog: 20,
	}
	name := func(number int) string { return fmt.Sprintf("bulk-%05d", number) }
	switch part {
	case 1:
		spec.Arch, spec.SourceRPM = rpm.Source, ""
		spec.Files = []string{nvr.Name + ".spec", nvr.Name + ".tar.gz"}
		return spec
	case 2:
		spec.Requires = []string{nvr.Name + "-libs", "libc.so.6()(64bit)"}
		spec.Files = []string{"/usr/bin/" + nvr.Name, "/etc/" + nvr.Name + ".conf"}
	case 3:
		spec.Name += "-libs"
		spec.Provides = []string{"lib" + nvr.Name + ".so.1()(64bit)"}
		if number > 0 {
			spec.Requires = []string{"lib" + name(number/2) + ".so.1()(64bit)"}
		} else {
			spec.Provides = append(spec.Provides, "libc.so.6()(64bit)")
		}
		spec.Files = []string{"/usr/lib64/lib" + nvr.Name + ".so.1"}
	case 4:
		spec.Name += "-devel"
		spec.Requires = []string{nvr.Name + "-libs"}
	case 5:
		spec.Name += "-doc"
		spec.Arch = rpm.Noarch
	default:
		spec.Name += fmt.Sprintf("-plugin-%d", part-5)
		spec.Requires = []string{nvr.Name}
	}
	for i := range 10 + number*7%60 {
		spec.Files = append(spec.Files, fmt.Sprintf("/usr/share/%s/part-%d/file-%d", spec.Name, i/8, i))
	}
	return spec
}
