package rpmfile

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"path"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Flags of a dependency and of a file (rpm's rpmds.h and rpmfiles.h).
const (
	equal  = 8
	lib    = 1 << 24 // asks rpm itself for a feature
	config = 1
)

// Spec says what a package made out of nothing holds. The same Spec gives the
// same bytes, always. Its files stand in the header only: it can be listed,
// indexed and resolved, not installed.
type Spec struct {
	rpm.NVRA
	SourceRPM         string // empty for a source package
	Summary           string
	BuildTime         int64
	Provides          []string // besides itself: names without versions
	Requires          []string
	Files             []string // paths
	Changelog         int      // how many entries
	License, Packager string
	// ExclusiveArch and ExcludeArch are what a source package says of where it
	// is built.
	ExclusiveArch, ExcludeArch []string
}

// Encode writes the package file.
func (s Spec) Encode() []byte {
	payload := emptyArchive()
	main := s.header(payload).encode()
	both := slices.Concat(main, payload)
	var signatures header
	signatures.region = regionSignatures
	one, two := sha1.Sum(main), sha256.Sum256(main)
	signatures.text(sigSHA1, hex.EncodeToString(one[:]))
	signatures.text(sigSHA256, hex.EncodeToString(two[:]))
	signatures.ints(sigSize, uint32(len(both)))
	sum := md5.Sum(both)
	signatures.add(sigMD5, binary8, len(sum), sum[:])
	signatures.ints(sigPayload, archiveSize)
	raw := signatures.encode()
	return slices.Concat(s.lead(), raw, make([]byte, (8-len(raw)%8)%8), both)
}

func (s Spec) source() bool { return s.SourceRPM == "" }

func (s Spec) lead() []byte {
	lead := make([]byte, leadSize)
	copy(lead, "\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01")
	if s.source() {
		lead[7] = 1
	}
	copy(lead[10:75], s.NVR.String())
	copy(lead[76:], "\x00\x01\x00\x05")
	return lead
}

func (s Spec) header(payload []byte) *header {
	h := &header{region: regionImmutable}
	h.texts(100, texts, "C")
	h.text(tagName, s.Name)
	h.text(tagVersion, s.Version)
	h.text(tagRelease, s.Release)
	if s.Epoch != 0 {
		h.ints(tagEpoch, uint32(s.Epoch))
	}
	h.texts(1004, i18n, s.Summary)
	h.texts(1005, i18n, s.Summary+"\n\nMade out of nothing by the local Koji.")
	h.ints(tagBuildTime, uint32(s.BuildTime))
	h.text(1007, "localhost")
	h.ints(1009, uint32(1000*len(s.Files)))
	h.text(1011, "The local Koji")
	h.text(1014, s.License)
	h.texts(1016, i18n, "Unspecified")
	h.text(1020, "https://example.org/"+s.Name)
	h.text(1021, "linux")
	arch := s.Arch
	if s.source() {
		h.ints(tagSourcePack, 1)
		arch = "x86_64"
	} else {
		h.text(tagSourceRPM, s.SourceRPM)
	}
	h.text(tagArch, arch)
	if len(s.ExcludeArch) > 0 {
		h.texts(1059, texts, s.ExcludeArch...)
	}
	if len(s.ExclusiveArch) > 0 {
		h.texts(1061, texts, s.ExclusiveArch...)
	}
	h.text(1064, "4.18.0")
	s.relations(h)
	s.files(h)
	s.changelog(h)
	h.text(1124, "cpio")
	h.text(1125, "gzip")
	h.text(1126, "9")
	sum := sha256.Sum256(payload)
	h.texts(5092, texts, hex.EncodeToString(sum[:]))
	h.ints(5093, 8)
	return h
}

func (s Spec) relations(h *header) {
	evr := s.EVR.String()
	requires := append([]string{"rpmlib(CompressedFileNames)"}, s.Requires...)
	requiredFlags, requiredVersions := []uint32{equal | 2 | lib}, []string{"3.0.4-1"}
	for range s.Requires {
		requiredFlags, requiredVersions = append(requiredFlags, 0), append(requiredVersions, "")
	}
	h.ints(1048, requiredFlags...)
	h.texts(1049, texts, requires...)
	h.texts(1050, texts, requiredVersions...)
	if s.source() {
		return
	}
	provides := append([]string{s.Name}, s.Provides...)
	flags, versions := []uint32{equal}, []string{evr}
	if s.Arch == "x86_64" {
		provides, flags, versions = append(provides, s.Name+"(x86-64)"), append(flags, 0), append(versions, "")
		flags[len(flags)-1], versions[len(versions)-1] = equal, evr
	}
	for len(flags) < len(provides) {
		flags, versions = append(flags, 0), append(versions, "")
	}
	h.texts(1047, texts, provides...)
	h.ints(1112, flags...)
	h.texts(1113, texts, versions...)
}

func (s Spec) files(h *header) {
	if len(s.Files) == 0 {
		return
	}
	n := len(s.Files)
	var dirs, names, digests []string
	dirIndex, sizes, flags := make([]uint32, n), make([]uint32, n), make([]uint32, n)
	times, verify, inodes, devices := make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n)
	modes, numbers := make([]uint16, n), make([]uint16, n)
	for i, file := range s.Files {
		dir, name := path.Split(file)
		at := slices.Index(dirs, dir)
		if at < 0 {
			at, dirs = len(dirs), append(dirs, dir)
		}
		dirIndex[i], names = uint32(at), append(names, name)
		sum := sha256.Sum256([]byte(s.String() + file))
		digests = append(digests, hex.EncodeToString(sum[:]))
		sizes[i], modes[i], times[i], inodes[i], devices[i] = 1000, 0o100644, uint32(s.BuildTime), uint32(i+1), 1
		verify[i] = 0xffffffff
		if strings.HasPrefix(dir, "/etc/") {
			flags[i] = config
		}
	}
	blank, root := make([]string, n), slices.Repeat([]string{"root"}, n)
	h.ints(1028, sizes...)
	h.shorts(1030, modes...)
	h.shorts(1033, numbers...)
	h.ints(1034, times...)
	h.texts(1035, texts, digests...)
	h.texts(1036, texts, blank...)
	h.ints(1037, flags...)
	h.texts(1039, texts, root...)
	h.texts(1040, texts, root...)
	h.ints(1045, verify...)
	h.ints(1095, devices...)
	h.ints(1096, inodes...)
	h.texts(1097, texts, blank...)
	h.ints(1116, dirIndex...)
	h.texts(1117, texts, names...)
	h.texts(1118, texts, dirs...)
	h.ints(5011, 8)
}

func (s Spec) changelog(h *header) {
	if s.Changelog == 0 {
		return
	}
	var at []uint32
	var names, entries []string
	for i := range s.Changelog {
		at = append(at, uint32(s.BuildTime-int64(i)*86400*7))
		names = append(names, fmt.Sprintf("Packager %d <p%d@example.org> - %s-%d", i%7, i%7, s.Version, s.Changelog-i))
		entries = append(entries, fmt.Sprintf("- change number %d of %s", s.Changelog-i, s.Name))
	}
	h.ints(1080, at...)
	h.texts(1081, texts, names...)
	h.texts(1082, texts, entries...)
}

// archiveSize is the length of a cpio archive that holds nothing.
const archiveSize = 124

// emptyArchive is one, as gzip holds what is not worth packing (RFC 1952 and
// 1951, 3.2.4): a packer would take longer than all the rest.
func emptyArchive() []byte {
	archive := "070701" + strings.Repeat("0", 8*4) + "00000001" + strings.Repeat("0", 8*6) + "0000000b" + "00000000" + "TRAILER!!!\x00"
	archive += strings.Repeat("\x00", archiveSize-len(archive))
	packed := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01")
	packed = binary.LittleEndian.AppendUint16(packed, archiveSize)
	packed = binary.LittleEndian.AppendUint16(packed, 0xffff^archiveSize)
	packed = append(packed, archive...)
	packed = binary.LittleEndian.AppendUint32(packed, crc32.ChecksumIEEE([]byte(archive)))
	return binary.LittleEndian.AppendUint32(packed, archiveSize)
}
