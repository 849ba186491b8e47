package composepage

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/page"
)

const (
	// fileKeeps and latestKeeps are for how many seconds a caller may remember
	// where he was led: a compose's packages stay, what is the latest does not.
	fileKeeps = 3600
	// packages is the directory RPMs would be in.
	packagesDir = "Packages"
)

// inside leads to what is in the directory of a compose, or lists it.
func (s *site) inside(ctx context.Context, at address) (reply, error) {
	for _, part := range at.parts {
		if part == "" || part == "." || part == ".." {
			return missing("There is no such file", ""), nil
		}
	}
	if m := pointer.FindStringSubmatch(at.parts[0]); m != nil {
		return s.latest(ctx, at, m[1])
	}
	id := number(directory.FindStringSubmatch(at.parts[0])[1])
	read := s.read
	if isPackage(at.parts[1:]) {
		read = s.settled
	}
	c, there, err := read(ctx, id)
	switch {
	case err != nil:
		return reply{}, err
	case !there:
		return s.unknown(ctx, id)
	}
	if there, err = s.there(ctx, c); err != nil {
		return reply{}, err
	} else if !there {
		return missing(fmt.Sprintf("Compose %d has no files", id), placeOf(id), verdict(c)+"."), nil
	}
	return s.within(ctx, at, c, at.parts[1:])
}

// there tells whether the files of a compose are there. Those of one that was
// removed are, as long as others share them.
func (s *site) there(ctx context.Context, c compose.Compose) (bool, error) {
	if c.State == compose.Done && !c.Removing || c.State == compose.Generating {
		return true, nil
	}
	if c.Content == "" {
		return false, nil
	}
	content, err := s.Contents.Look(ctx, c.Content)
	return err == nil && content.Dir == c.DirOf(), err
}

// latest leads into the newest compose of a name.
func (s *site) latest(ctx context.Context, at address, name string) (reply, error) {
	for _, r := range s.Options.Rules {
		if r.Latest != name {
			continue
		}
		doc, err := s.Parts.Rules.Read(ctx, r.Name)
		if err != nil {
			return reply{}, err
		}
		if doc.Last.Compose == 0 {
			return missing("There is no latest "+name+" yet", "", "The rule "+r.Name+" has made no compose that is done."), nil
		}
		rest := at.parts[1:]
		if isPackage(rest) || len(rest) == 0 || at.slash {
			to := at.base + string(placeOfFiles(doc.Last.Dir, rest...))
			if !at.slash && len(rest) > 0 {
				to = strings.TrimSuffix(to, "/")
			}
			return reply{code: http.StatusFound, move: to}, nil
		}
		if isPointer(name, rest) { // what lies in the bucket under that name
			return reply{code: http.StatusFound, move: s.file("latest-"+name, rest)}, nil
		}
		return reply{code: http.StatusFound, move: s.file(fmt.Sprintf("odcs-%d", doc.Last.Dir), rest)}, nil
	}
	return missing("There is no rule with a latest "+name, "rules"), nil
}

// isPointer tells whether a file is one of those that lead to the latest, and
// not one in it.
func isPointer(name string, rest []string) bool {
	return rest[0] == "mirrors" || len(rest) == 1 && (rest[0] == "latest.json" || rest[0] == name+".repo")
}

// file is the address of a file below a directory of composes.
func (s *site) file(dir string, rest []string) string {
	to := strings.TrimSuffix(s.URL, "/") + "/" + dir
	for _, part := range rest {
		to += "/" + url.PathEscape(part)
	}
	return to
}

// isPackage tells whether a path is that of an RPM in a tree.
func isPackage(rest []string) bool {
	n := len(rest)
	return n >= 3 && rest[n-3] == packagesDir && strings.HasSuffix(rest[n-1], ".rpm")
}

// within gives what lies at a path below the directory of a compose.
func (s *site) within(ctx context.Context, at address, c compose.Compose, rest []string) (reply, error) {
	if isPackage(rest) {
		return s.rpm(ctx, c, rest)
	}
	if i := slices.Index(rest, packagesDir); i >= 0 {
		return s.letters(ctx, at, c, rest, i)
	}
	return s.folder(ctx, at, c, rest)
}

// rpm leads to where a package is.
func (s *site) rpm(ctx context.Context, c compose.Compose, rest []string) (reply, error) {
	file := rest[len(rest)-1]
	if c.Lock == "" {
		return missing(fmt.Sprintf("What compose %d is made of is not known", c.ID), placeOf(c.ID), verdict(c)+"."), nil
	}
	is, err := s.catalogs.of(ctx, c.Lock)
	if gone(err) {
		return missing("What it was made of is not kept any more", placeOf(c.ID)), nil
	}
	if err != nil {
		return reply{}, err
	}
	r, ok := is.find(file)
	if !ok {
		return missing(fmt.Sprintf("There is no %s in compose %d", file, c.ID), placeOf(c.ID)), nil
	}
	to, ok := s.target(r)
	if !ok {
		return missing("Nobody is led to where "+file+" lies", placeOf(c.ID), "It is not below an address that is configured. The metadata of the repository names it."), nil
	}
	return reply{code: http.StatusFound, move: to, keep: fileKeeps}, nil
}

// target is the address of an RPM, if it is one that people may be led to: a
// path below one of the addresses that are configured.
func (s *site) target(r compose.RPM) (string, bool) {
	base := strings.TrimSuffix(s.Packages, "/")
	if r.Base != "" {
		base = strings.TrimSuffix(r.Base, "/")
		if !slices.ContainsFunc(append([]string{s.Packages}, s.Elsewhere...), func(known string) bool {
			known, _, _ = strings.Cut(known, "$") // https://mirror/$basearch/os
			known = strings.TrimSuffix(known, "/")
			return known != "" && (base == known || strings.HasPrefix(base, known+"/"))
		}) {
			return "", false
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	if r.Path == "" || strings.HasPrefix(r.Path, "/") || strings.Contains(u.Path+"/", "/../") || path.Clean(r.Path) != r.Path || strings.HasPrefix(r.Path, "..") {
		return "", false
	}
	for part := range strings.SplitSeq(r.Path, "/") {
		base += "/" + url.PathEscape(part)
	}
	return base, true
}

// fileOf is the name of an RPM's file.
func fileOf(r compose.RPM) string { return path.Base(r.Path) }

// escaped is a part of a path as it stands in an address.
func escaped(part string) page.Place { return page.Place(url.PathEscape(part)) }
