package repodata

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/rpm/header"
)

// Package is an RPM of a repository.
type Package struct {
	Header header.Header
	File   File
}

// Whole are the settings of a small repository that is written at once.
type Whole struct {
	Options
	// Gzip compresses with gzip, which yum of RHEL 7 needs, and not with zstd.
	Gzip bool
	// Revision in Unix seconds, also the files' timestamp.
	Revision int64
	// Extra are files not made from packages, by type: Group, Modules,
	// UpdateInfo.
	Extra map[Kind][]byte
}

// Write makes the metadata of a repository in memory and gives its files by
// path ("repodata/repomd.xml"). It is for repositories of some hundred packages.
// The same packages in any order give the same bytes; one that cannot be
// described ends it with a *PackageError.
func (w Whole) Write(packages []Package) (map[string][]byte, error) {
	sorted := slices.SortedFunc(slices.Values(packages), func(a, b Package) int { return Compare(a.File.Href, b.File.Href) })
	all := Fragment{Primary: Head(Primary, len(sorted)), Filelists: Head(Filelists, len(sorted)), Other: Head(Other, len(sorted)), FilelistsExt: Head(FilelistsExt, len(sorted))}
	d := Describer{Options: w.Options}
	var err error
	for _, p := range sorted {
		if all, err = d.Append(all, p.Header, p.File); err != nil {
			return nil, err
		}
	}
	plain := map[Kind][]byte{
		Primary: append(all.Primary, Tail(Primary)...), Filelists: append(all.Filelists, Tail(Filelists)...), Other: append(all.Other, Tail(Other)...),
	}
	if w.Ext {
		plain[FilelistsExt] = append(all.FilelistsExt, Tail(FilelistsExt)...)
	}
	for kind, raw := range w.Extra {
		plain[kind] = raw
	}
	md := Repomd{Revision: strconv.FormatInt(w.Revision, 10)}
	files := map[string][]byte{}
	for kind, raw := range plain {
		packed, extension, err := w.compress(raw)
		if err != nil {
			return nil, fmt.Errorf("compress %s: %w", kind, err)
		}
		data := Data{
			Type: kind, Checksum: Sum(packed), OpenChecksum: Sum(raw), Timestamp: w.Revision,
			Size: int64(len(packed)), OpenSize: int64(len(raw)),
		}
		data.Location = Location(kind, data.Checksum, extension)
		files[data.Location] = packed
		md.Data = append(md.Data, data)
	}
	if files["repodata/repomd.xml"], err = md.Encode(); err != nil {
		return nil, fmt.Errorf("write repomd.xml: %w", err)
	}
	return files, nil
}

// Sum is the SHA-256 of a file.
func Sum(raw []byte) Checksum {
	sum := sha256.Sum256(raw)
	return Checksum{Type: "sha256", Hex: hex.EncodeToString(sum[:])}
}

func (w Whole) compress(raw []byte) (packed []byte, extension string, err error) {
	var out bytes.Buffer
	var writer io.WriteCloser
	if w.Gzip {
		extension, writer = ".gz", gzip.NewWriter(&out)
	} else {
		extension = ".zst"
		if writer, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1)); err != nil {
			return nil, "", err
		}
	}
	if _, err := writer.Write(raw); err != nil {
		return nil, "", err
	}
	if err := writer.Close(); err != nil {
		return nil, "", err
	}
	return out.Bytes(), extension, nil
}
