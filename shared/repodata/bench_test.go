package repodata_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/rpmpack"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

const benched = 2000

// heads are 2,000 headers like those rpmbuild makes: 50 files, 20 provides, 20
// requires, 30 changelog entries.
func heads(b *testing.B) [][]byte {
	b.Helper()
	all := make([][]byte, benched)
	for i := range all {
		name := fmt.Sprintf("package%d", i)
		all[i] = packBytes(b, name, func(p *rpmpack.RPM) {
			for _, kind := range []int{1047, 1049} {
				names, flags, versions := make([]string, 20), make([]uint32, 20), make([]string, 20)
				for j := range names {
					names[j], flags[j], versions[j] = fmt.Sprintf("lib%s-%d-%d.so.1()(64bit)", name, kind, j), 8, fmt.Sprintf("1:%d.%d-3.fc45", i, j)
				}
				p.AddCustomTag(kind, rpmpack.EntryStringSlice(names))
				flagTag, versionTag := 1112, 1113
				if kind == 1049 {
					flagTag, versionTag = 1048, 1050
				}
				p.AddCustomTag(flagTag, rpmpack.EntryUint32(flags))
				p.AddCustomTag(versionTag, rpmpack.EntryStringSlice(versions))
			}
			for j := range 50 {
				p.AddFile(rpmpack.RPMFile{Name: fmt.Sprintf("/usr/share/doc/%s/chapter%d/file%d.txt", name, j/10, j), Mode: 0o100644})
			}
			times, authors, texts := make([]uint32, 30), make([]string, 30), make([]string, 30)
			for j := range times {
				times[j] = uint32(1700000000 - 86400*j)
				authors[j] = "Jörg Somebody <somebody@example.org> - 1.0-" + fmt.Sprint(30-j)
				texts[j] = "- Rebuilt for the new libraries, resolves: rhbz#123456\n- Second line of the entry"
			}
			p.AddCustomTag(1080, rpmpack.EntryUint32(times))
			p.AddCustomTag(1081, rpmpack.EntryStringSlice(authors))
			p.AddCustomTag(1082, rpmpack.EntryStringSlice(texts))
		})
		h, err := header.Parse(all[i])
		if err != nil {
			b.Fatal(err)
		}
		all[i] = bytes.Clone(all[i][:h.End()])
	}
	return all
}

// BenchmarkParse parses 2,000 headers and touches all texts and numbers a
// description needs.
func BenchmarkParse(b *testing.B) {
	all := heads(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for _, raw := range all {
			h, err := header.Parse(raw)
			if err != nil {
				b.Fatal(err)
			}
			for _, tag := range []header.Tag{
				header.BaseNames, header.DirNames, header.ProvideName, header.ProvideVersion, header.RequireName, header.RequireVersion,
				header.ChangelogName, header.ChangelogText, header.Name, header.Version, header.Summary,
			} {
				texts, err := h.Strings(tag)
				if err != nil {
					b.Fatal(err)
				}
				for _, ok := texts.Next(); ok; _, ok = texts.Next() {
				}
			}
			for _, tag := range []header.Tag{header.FileModes, header.FileFlags, header.DirIndexes, header.ProvideFlags, header.RequireFlags, header.ChangelogTime} {
				if _, err := h.Ints(tag); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(b.N)*benched/b.Elapsed().Seconds(), "headers/s")
}

// BenchmarkDescribe parses and describes 2,000 packages.
func BenchmarkDescribe(b *testing.B) {
	all := heads(b)
	var d repodata.Describer
	var out repodata.Fragment
	f := file("hello.rpm")
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		size := 0
		for _, raw := range all {
			h, err := header.Parse(raw)
			if err != nil {
				b.Fatal(err)
			}
			if out, err = d.Append(repodata.Fragment{Primary: out.Primary[:0], Filelists: out.Filelists[:0], Other: out.Other[:0]}, h, f); err != nil {
				b.Fatal(err)
			}
			size += len(out.Primary) + len(out.Filelists) + len(out.Other)
		}
		b.SetBytes(int64(size))
	}
	b.ReportMetric(float64(b.N)*benched/b.Elapsed().Seconds(), "packages/s")
}
