package publish

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/repodata"
)

// Stamp is what metadata has in place of the time it was written: so the same
// packages have the same metadata whenever it is made.
type Stamp struct {
	// Revision is the Koji event, or where there is none the time the newest
	// package was built. Time is always that.
	Revision, Time int64
}

// StampOf gives the stamp of a lock.
func StampOf(lock compose.Lock) Stamp {
	s := Stamp{Revision: lock.Event, Time: 1} // 0 is no time for a .treeinfo
	for _, tree := range lock.Trees {
		for _, r := range tree.RPMs {
			s.Time = max(s.Time, r.Time)
		}
	}
	if s.Revision == 0 {
		s.Revision = s.Time
	}
	return s
}

// Repository stores a tree's metadata in a folder, repomd.xml last: whoever reads
// meanwhile finds all that is there of an older one, or of this one. It gives the
// bytes stored, and the keys of the three large objects are set in the Index.
func (p *Publisher) Repository(
	ctx context.Context, folder string, made *Made, documents map[repodata.Kind][]byte, stamp Stamp,
) (int64, error) {
	md := repodata.Repomd{Revision: strconv.FormatInt(stamp.Revision, 10)}
	total := int64(0)
	put := func(data repodata.Data, body []byte) (string, error) {
		data.Timestamp = stamp.Time
		data.Location = repodata.Location(data.Type, data.Checksum, p.Format.Suffix())
		md.Data = append(md.Data, data)
		total += int64(len(body))
		key := folder + "/" + data.Location
		_, err := p.Bucket.Put(ctx, key, body, blob.Any, blob.Type(p.mediaType()))
		return key, err
	}
	for k, kind := range [3]repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other} {
		o := made.Objects[k]
		data := repodata.Data{
			Type: kind, Checksum: sha(o.Checksum), Size: o.Size, OpenSize: o.OpenSize,
		}
		if o.OpenChecksum != "" {
			data.OpenChecksum = sha(o.OpenChecksum)
		}
		key, err := put(data, made.Bodies[k])
		if err != nil {
			return 0, fmt.Errorf("store %s: %w", kind, err)
		}
		made.Index.Keys[k] = key
	}
	for _, kind := range []repodata.Kind{repodata.Group, repodata.Modules, repodata.UpdateInfo} {
		raw := documents[kind]
		if len(raw) == 0 {
			continue
		}
		packed, err := p.compress(raw)
		if err != nil {
			return 0, fmt.Errorf("compress %s: %w", kind, err)
		}
		_, err = put(repodata.Data{
			Type: kind, Checksum: repodata.Sum(packed), OpenChecksum: repodata.Sum(raw),
			Size: int64(len(packed)), OpenSize: int64(len(raw)),
		}, packed)
		if err != nil {
			return 0, fmt.Errorf("store %s: %w", kind, err)
		}
	}
	raw, err := md.Encode()
	if err != nil {
		return 0, fmt.Errorf("write repomd.xml: %w", err)
	}
	_, err = p.Bucket.Put(ctx, folder+"/repodata/repomd.xml", raw, blob.Any, blob.Type("application/xml"), blob.CacheControl("no-cache"))
	if err != nil {
		return 0, fmt.Errorf("store repomd.xml: %w", err)
	}
	return total + int64(len(raw)), nil
}

func sha(hex string) repodata.Checksum { return repodata.Checksum{Type: "sha256", Hex: hex} }

func (p *Publisher) mediaType() string {
	if p.Format.Suffix() == ".gz" {
		return "application/gzip"
	}
	return "application/zstd"
}

// compress packs a whole document, as metadata is packed.
func (p *Publisher) compress(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	if p.Format.Suffix() == ".gz" {
		w, err = gzip.NewWriterLevel(&out, gzip.BestCompression)
	} else {
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		return nil, err
	}
	_, err = w.Write(raw)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}
