// Package lookaside gets the files a dist-git repository does not keep: the
// upstream archives, which lie in a cache beside it and are named with their
// checksums in the repository's file "sources".
package lookaside

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Source is one line of "sources".
type Source struct {
	File string // a plain name, without a folder
	Type string // "sha512", "sha256", "sha1" or "md5"
	Sum  string // in lower-case hex
}

// Bounds of a "sources" file. The largest in Fedora, of texlive, has some
// thousands of lines.
const (
	maxSources = 4 << 20
	maxName    = 255
)

// Parse reads a "sources" file. It knows both forms of a line, those that rpkg
// writes (pyrpkg/sources.py):
//
//	SHA512 (hello-2.12.tar.gz) = cf04af86…
//	d41d8cd98f00b204e9800998ecf8427e  hello-2.12.tar.gz
//
// The two may not be mixed, and no file may be named twice.
func Parse(raw []byte) ([]Source, error) {
	if len(raw) > maxSources {
		return nil, fmt.Errorf("sources is larger than %d bytes", maxSources)
	}
	var (
		modern  = regexp.MustCompile(`^([^ ]+?) \(([^ )]+?)\) = ([^ ]+?)$`)
		old     = regexp.MustCompile(`^([0-9a-fA-F]{32})  ?\*?([^ )]+)$`)
		out     []Source
		seen    = map[string]bool{}
		modernN int
	)
	for n, line := range bytes.Split(raw, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		var s Source
		if m := modern.FindStringSubmatch(text); m != nil {
			s = Source{Type: strings.ToLower(m[1]), File: m[2], Sum: strings.ToLower(m[3])}
			modernN++
		} else if m := old.FindStringSubmatch(text); m != nil {
			s = Source{Type: "md5", File: m[2], Sum: strings.ToLower(m[1])}
		} else {
			return nil, fmt.Errorf("line %d of sources is of neither form: %.80q", n+1, text)
		}
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("line %d of sources: %w", n+1, err)
		}
		if seen[s.File] {
			return nil, fmt.Errorf("line %d of sources names %s again", n+1, s.File)
		}
		seen[s.File] = true
		out = append(out, s)
	}
	if modernN != 0 && modernN != len(out) {
		return nil, errors.New("sources mixes the two forms of lines")
	}
	return out, nil
}

// String writes the line of the newer form.
func (s Source) String() string {
	return fmt.Sprintf("%s (%s) = %s", strings.ToUpper(s.Type), s.File, s.Sum)
}

// check makes sure a source can become part of a path and of an address.
func (s Source) check() error {
	size, ok := map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}[s.Type]
	switch {
	case !ok:
		return fmt.Errorf("checksums of type %.20q are not known", s.Type)
	case len(s.Sum) != size || strings.Trim(s.Sum, "0123456789abcdef") != "":
		return fmt.Errorf("%.140q is no %s checksum", s.Sum, s.Type)
	}
	return checkName(s.File)
}

func checkName(name string) error {
	if name == "" || len(name) > maxName || name == "." || name == ".." {
		return fmt.Errorf("%.80q is no name of a file", name)
	}
	for _, c := range name {
		if c <= ' ' || c == '/' || c == '\\' || c == 0x7f {
			return fmt.Errorf("%.80q is no name of a file", name)
		}
	}
	return nil
}
