package main

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// file is one package of Debian, as a lock names it.
type file struct {
	Arch, Package, Version, SHA256, Address string
}

// platform is the name images have for an architecture of Debian.
func platform(arch string) string {
	if arch == "ppc64el" {
		return "ppc64le"
	}
	return arch
}

var (
	word     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+:~-]*$`)
	checksum = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// readLock reads what lock.sh writes.
func readLock(r io.Reader) ([]file, error) {
	var files []file
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		field := strings.Fields(lines.Text())
		if len(field) != 5 {
			return nil, fmt.Errorf("line %d has %d fields, not 5", n, len(field))
		}
		f := file{field[0], field[1], field[2], field[3], field[4]}
		u, err := url.Parse(f.Address)
		switch {
		case !word.MatchString(f.Arch), !word.MatchString(f.Package), !word.MatchString(f.Version):
			return nil, fmt.Errorf("line %d names no package of Debian", n)
		case !checksum.MatchString(f.SHA256):
			return nil, fmt.Errorf("line %d: %q is no SHA-256", n, f.SHA256)
		case err != nil || u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("line %d: the last field is no web address", n)
		}
		files = append(files, f)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("it names no package")
	}
	return files, nil
}
