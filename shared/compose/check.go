package compose

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	treesMost = 1000
	rpmsMost  = 1_000_000
	textsMost = 1024 // of a path or an address, in bytes
)

// Check tells what is wrong with a lock, if anything. Its texts come from Koji,
// from RPM headers and from those who bring a list of their own, and paths,
// addresses and metadata are made of them.
func (l Lock) Check() error {
	if l.Version != 1 {
		return fmt.Errorf("version %d of a lock: only 1 is known", l.Version)
	}
	if len(l.Trees) > treesMost {
		return fmt.Errorf("%d trees: the most is %d", len(l.Trees), treesMost)
	}
	rpms := 0
	for i, tree := range l.Trees {
		if err := tree.check(); err != nil {
			return fmt.Errorf("tree %d: %w", i+1, err)
		}
		for n := range tree.RPMs {
			if err := tree.RPMs[n].check(); err != nil {
				return fmt.Errorf("tree %d: package %d: %.200q: %w", i+1, n+1, tree.RPMs[n].NEVRA, err)
			}
		}
		if rpms += len(tree.RPMs); rpms > rpmsMost {
			return fmt.Errorf("more than %d packages", rpmsMost)
		}
	}
	return nil
}

func (t Tree) check() error {
	switch t.Kind {
	case "os", "debug", "source":
	default:
		return fmt.Errorf("kind %.40q: it is os, debug or source", t.Kind)
	}
	for what, text := range map[string]string{"variant": t.Variant, "arch": t.Arch} {
		if !name(text) {
			return fmt.Errorf("%s %.40q: letters, digits, _ and - only", what, text)
		}
	}
	for what, digest := range map[string]string{"modules": t.Modules, "groups": t.Groups, "updateinfo": t.UpdateInfo} {
		if digest != "" && !hexDigits(digest, 64) {
			return fmt.Errorf("%s %.80q: not a SHA-256", what, digest)
		}
	}
	return nil
}

func (r *RPM) check() error {
	switch {
	case r.NEVRA == "" || !plain(r.NEVRA) || strings.Contains(r.NEVRA, "/"):
		return errors.New("not a NEVRA")
	case !plain(r.Build) || strings.Contains(r.Build, "/"):
		return fmt.Errorf("build %.80q: not an NVR", r.Build)
	case !plain(r.SRPM) || strings.Contains(r.SRPM, "/"):
		return fmt.Errorf("source package %.80q: not a NEVRA", r.SRPM)
	case r.Sigkey != "" && !hexDigits(r.Sigkey, len(r.Sigkey)):
		return fmt.Errorf("key %.80q: not in hex digits", r.Sigkey)
	case !hexDigits(r.SHA256, 64):
		return fmt.Errorf("checksum %.80q: not a SHA-256", r.SHA256)
	case r.Size <= 0:
		return fmt.Errorf("size %d", r.Size)
	case r.Path == "" || !plain(r.Path) || path.Clean("/"+r.Path) != "/"+r.Path:
		return fmt.Errorf("path %.80q: not a plain path below the base", r.Path)
	}
	if r.Base == "" {
		return nil
	}
	base, err := url.Parse(r.Base)
	if err != nil || !plain(r.Base) || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("base %.80q: not an address of http or https", r.Base)
	}
	return nil
}

// name tells whether a text can be a directory's name.
func name(text string) bool {
	rest := strings.TrimFunc(text, func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-')
	})
	return text != "" && rest == "" && len(text) <= 64
}

// plain tells whether a text is one line that can be shown and written into
// metadata.
func plain(text string) bool {
	return len(text) <= textsMost && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r == ' ' || r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r)
	})
}

func hexDigits(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == ""
}
