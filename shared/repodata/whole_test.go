package repodata_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

type rpmFile struct {
	header header.Header
	file   repodata.File
}

// whole is a small repository that is written at once, for real programs to
// read.
type whole struct {
	gzip     bool // or else zstd
	revision int64
	extra    map[repodata.Kind][]byte
}

// byHref is createrepo_c's order; frame.Compare is what composes are made with.
func byHref(a, b string) int {
	return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(path.Dir(a), path.Dir(b)))
}

// write gives the files by path.
func (w whole) write(packages []rpmFile) (map[string][]byte, error) {
	packages = slices.SortedFunc(slices.Values(packages), func(a, b rpmFile) int { return byHref(a.file.Href, b.file.Href) })
	n := len(packages)
	all := repodata.Fragment{
		Primary: repodata.Head(repodata.Primary, n), Filelists: repodata.Head(repodata.Filelists, n), Other: repodata.Head(repodata.Other, n),
	}
	var d repodata.Describer
	var err error
	for _, p := range packages {
		if all, err = d.Append(all, p.header, p.file); err != nil {
			return nil, err
		}
	}
	plain := map[repodata.Kind][]byte{
		repodata.Primary:   append(all.Primary, repodata.Tail(repodata.Primary)...),
		repodata.Filelists: append(all.Filelists, repodata.Tail(repodata.Filelists)...),
		repodata.Other:     append(all.Other, repodata.Tail(repodata.Other)...),
	}
	for kind, raw := range w.extra {
		plain[kind] = raw
	}
	md := repodata.Repomd{Revision: strconv.FormatInt(w.revision, 10)}
	files := map[string][]byte{}
	for kind, raw := range plain {
		packed, extension, err := w.compress(raw)
		if err != nil {
			return nil, fmt.Errorf("compress %s: %w", kind, err)
		}
		data := repodata.Data{
			Type: kind, Checksum: repodata.Sum(packed), OpenChecksum: repodata.Sum(raw), Timestamp: w.revision,
			Size: int64(len(packed)), OpenSize: int64(len(raw)),
		}
		data.Location = repodata.Location(kind, data.Checksum, extension)
		files[data.Location] = packed
		md.Data = append(md.Data, data)
	}
	files["repodata/repomd.xml"], err = md.Encode()
	return files, err
}

func (w whole) compress(raw []byte) (packed []byte, extension string, err error) {
	var out bytes.Buffer
	var to io.WriteCloser = gzip.NewWriter(&out)
	extension = ".gz"
	if !w.gzip {
		extension = ".zst"
		if to, err = zstd.NewWriter(&out); err != nil {
			return nil, "", err
		}
	}
	_, err = to.Write(raw)
	err = errors.Join(err, to.Close())
	return out.Bytes(), extension, err
}
