package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ulikunitz/xz"
)

// openDeb gives the two archives of a Debian package: what is to be installed,
// and the control file. The form is that of deb(5): an ar archive of files, two of
// which are compressed tar archives.
func openDeb(data []byte) (content *tar.Reader, control []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte("!<arch>\n"))
	if !ok {
		return nil, nil, errors.New("it is no Debian package")
	}
	for len(rest) >= 60 { // ar(5): the head of a member
		head := string(rest[:60])
		size, err := strconv.Atoi(strings.TrimSpace(head[48:58]))
		if err != nil || size < 0 || size > len(rest)-60 {
			return nil, nil, errors.New("a member of the package is cut off")
		}
		name, body := strings.TrimRight(head[:16], " /"), rest[60:60+size]
		rest = rest[60+size:]
		if size%2 == 1 && len(rest) > 0 { // members begin at even offsets
			rest = rest[1:]
		}
		archive, kind, _ := strings.Cut(name, ".tar")
		if archive != "data" && archive != "control" {
			continue
		}
		plain, err := decompress(kind, body)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
		if archive == "data" {
			content = tar.NewReader(plain)
		} else if control, err = find(tar.NewReader(plain), "control"); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if content == nil || control == nil {
		return nil, nil, errors.New("the package has no content or no control file")
	}
	return content, control, nil
}

func decompress(kind string, body []byte) (io.Reader, error) {
	switch kind {
	case "":
		return bytes.NewReader(body), nil
	case ".gz":
		return gzip.NewReader(bytes.NewReader(body))
	case ".xz":
		return xz.NewReader(bytes.NewReader(body))
	}
	return nil, fmt.Errorf("the compression %q is not known", kind)
}

func find(archive *tar.Reader, name string) ([]byte, error) {
	for {
		head, err := archive.Next()
		if err != nil {
			return nil, err
		}
		if strings.TrimPrefix(head.Name, "./") == name {
			return io.ReadAll(io.LimitReader(archive, 1<<20))
		}
	}
}
