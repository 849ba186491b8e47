package rpmfile

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/distaff-project/distaff/shared/rpm"
)

// The tags that are read (rpm's rpmtag.h).
const (
	regionSignatures = 62
	regionImmutable  = 63

	sigMD5 = 1004

	tagName       = 1000
	tagVersion    = 1001
	tagRelease    = 1002
	tagEpoch      = 1003
	tagBuildTime  = 1006
	tagArch       = 1022
	tagSourceRPM  = 1044
	tagSourcePack = 1106
)

// Info is what a package file says of itself.
type Info struct {
	rpm.NVRA         // the architecture of a source package is "src"
	HasEpoch         bool
	SourceRPM        string // the file name of its source package; empty for one
	BuildTime        int64  // seconds since 1970
	MD5              string // of header and payload, in hex
	signatures, main *header
	// Where the main header begins and ends, in bytes.
	Start, End int64
}

// Read reads a package file as far as the end of its header.
func Read(src io.Reader) (Info, error) {
	lead := make([]byte, leadSize)
	if _, err := io.ReadFull(src, lead); err != nil || string(lead[:4]) != "\xed\xab\xee\xdb" {
		return Info{}, fmt.Errorf("%w: no lead", ErrFormat)
	}
	signatures, size, err := readHeader(src)
	if err != nil {
		return Info{}, fmt.Errorf("signatures: %w", err)
	}
	pad := (8 - size%8) % 8
	if _, err := io.CopyN(io.Discard, src, pad); err != nil {
		return Info{}, fmt.Errorf("%w: ends after its signatures", ErrFormat)
	}
	start := leadSize + size + pad
	main, size, err := readHeader(src)
	if err != nil {
		return Info{}, fmt.Errorf("header: %w", err)
	}
	info := Info{
		SourceRPM: main.find(tagSourceRPM).word(), BuildTime: int64(main.find(tagBuildTime).number()),
		MD5:        hex.EncodeToString(signatures.find(sigMD5).data),
		signatures: signatures, main: main, Start: start, End: start + size,
	}
	info.Name, info.Version = main.find(tagName).word(), main.find(tagVersion).word()
	info.Release, info.Arch = main.find(tagRelease).word(), main.find(tagArch).word()
	if epoch := main.find(tagEpoch); epoch.kind == int32s {
		info.Epoch, info.HasEpoch = int(epoch.number()), true
	}
	if main.find(tagSourcePack).number() == 1 || info.SourceRPM == "" {
		info.Arch = rpm.Source
	}
	if info.Name == "" || info.Version == "" || info.Release == "" || info.Arch == "" {
		return Info{}, fmt.Errorf("%w: no name, version, release or architecture", ErrFormat)
	}
	return info, nil
}

// readHeader reads a header and gives its size.
func readHeader(src io.Reader) (*header, int64, error) {
	intro := make([]byte, 16)
	if _, err := io.ReadFull(src, intro); err != nil || string(intro[:4]) != "\x8e\xad\xe8\x01" {
		return nil, 0, fmt.Errorf("%w: no header", ErrFormat)
	}
	count, data := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if count > mostEntries || data > mostData {
		return nil, 0, fmt.Errorf("%w: a header of %d entries and %d bytes", ErrFormat, count, data)
	}
	// Grows as it is read, so that a lie about the size costs nothing.
	body, err := io.ReadAll(io.LimitReader(src, 16*int64(count)+int64(data)))
	if err != nil {
		return nil, 0, err
	}
	if int64(len(body)) != 16*int64(count)+int64(data) {
		return nil, 0, fmt.Errorf("%w: ends in a header", ErrFormat)
	}
	h, err := decode(body, int(count))
	return h, 16 + int64(len(body)), err
}
