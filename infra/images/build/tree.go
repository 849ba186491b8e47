package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is the files of a layer by their paths, without a slash in front.
type tree struct {
	entry map[string]entry
	// newest is the time of the newest file that came out of a package. What is
	// made here has it: so the same packages give the same layer, whenever.
	newest time.Time
}

type entry struct {
	head tar.Header
	body []byte
}

func newTree() *tree { return &tree{entry: map[string]entry{}} }

// place is where a path lies once /bin, /lib and the like are links into /usr, as
// on each Debian since 12. Packages still say the old paths.
func place(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
		return "usr/" + name
	}
	return name
}

// unpack adds the files of an archive that keep wants.
func (t *tree) unpack(archive *tar.Reader, keep func(name string) bool) error {
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := place(head.Name)
		if name == "" || head.Typeflag == tar.TypeDir || !keep(name) {
			continue // directories are made for what is in them
		}
		e := entry{head: tar.Header{Typeflag: head.Typeflag, Mode: head.Mode & 0o777, ModTime: head.ModTime, Linkname: head.Linkname}}
		switch head.Typeflag {
		case tar.TypeReg:
			if e.body, err = io.ReadAll(archive); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		case tar.TypeLink: // its target lies in the same package, before it
			to, ok := t.entry[place(head.Linkname)]
			if !ok {
				return fmt.Errorf("%s is a link to %s, which is not there", name, head.Linkname)
			}
			e = to
		case tar.TypeSymlink:
		default:
			return fmt.Errorf("%s is neither a file nor a link", name)
		}
		t.entry[name] = e
		if head.ModTime.After(t.newest) {
			t.newest = head.ModTime
		}
	}
}

func (t *tree) file(name string, body []byte) {
	t.entry[name] = entry{head: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, body: body}
}

func (t *tree) link(name, to string) {
	t.entry[name] = entry{head: tar.Header{Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: to}}
}

func (t *tree) dir(name string, mode int64, uid int) {
	t.entry[name] = entry{head: tar.Header{Typeflag: tar.TypeDir, Mode: mode, Uid: uid, Gid: uid}}
}

// archive writes the tree: sorted, with the directories that are missing, and
// nothing in it of the machine or the time it is made.
func (t *tree) archive() ([]byte, error) {
	all := maps.Clone(t.entry)
	for name := range t.entry {
		for up := path.Dir(name); up != "."; up = path.Dir(up) {
			if _, ok := all[up]; !ok {
				all[up] = entry{head: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
			}
		}
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e := all[name]
		e.head.Name, e.head.Size = name, int64(len(e.body))
		if e.head.Typeflag == tar.TypeDir {
			e.head.Name += "/"
		}
		if e.head.ModTime.IsZero() || e.head.Typeflag == tar.TypeDir {
			e.head.ModTime = t.newest
		}
		if err := w.WriteHeader(&e.head); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		if _, err := w.Write(e.body); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	return out.Bytes(), w.Close()
}
