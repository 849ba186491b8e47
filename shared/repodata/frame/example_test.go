package frame_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// A repository is written, one package gets a new version, and the second
// repository is written from what the first one has.
func ExampleBuilder_Build() {
	versions := []string{"1.0", "1.1"}
	bucket := map[string][]byte{}
	var old []*frame.Index
	for _, version := range versions {
		var files []repodata.File
		for i := range 1000 {
			name, v := fmt.Sprintf("package%03d", i), "1.0"
			if i == 500 {
				v = version
			}
			files = append(files, repodata.File{PkgID: name + v, Href: "Packages/" + name + "-" + v + "-1.noarch.rpm"})
		}
		var entries []frame.Entry // in the order of frame.Compare
		for i, f := range files {
			entries = append(entries, frame.Entry{
				Base: path.Base(f.Href), Dir: path.Dir(f.Href), Name: fmt.Sprintf("package%03d", i),
				ID: frame.Identify(f.PkgID, f.Href, "changelogs=10"),
			})
		}
		builder := frame.Builder{
			Fetch: func(_ context.Context, key string, offset, length int64) ([]byte, error) {
				object, there := bucket[key]
				if !there {
					return nil, fmt.Errorf("%w: %s", frame.ErrGone, key)
				}
				return object[offset : offset+length], nil
			},
			Describe: func(_ context.Context, at []int) ([]repodata.Fragment, error) {
				var all []repodata.Fragment
				for _, i := range at {
					text := fmt.Appendf(nil, "<package pkgid=%q/>\n", files[i].PkgID)
					all = append(all, repodata.Fragment{Primary: text, Filelists: text, Other: text})
				}
				return all, nil
			},
		}
		var documents [3]bytes.Buffer
		result, err := builder.Build(context.Background(), entries, old, [3]io.Writer{&documents[0], &documents[1], &documents[2]})
		if err != nil {
			fmt.Println(err)
			return
		}
		for k, kind := range frame.Documents() {
			result.Index.Keys[k] = version + "/" + string(kind)
			bucket[result.Index.Keys[k]] = documents[k].Bytes()
		}
		old = []*frame.Index{result.Index} // stored as result.Index.Encode()
		fmt.Printf("%d frames, %d copied, %d packages described\n", result.Frames, result.Copied, result.Described)
	}
	// Output:
	// 9 frames, 0 copied, 1000 packages described
	// 9 frames, 8 copied, 1 packages described
}
