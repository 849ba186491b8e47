package gittest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/forge"
)

// Head is the commit a branch points to.
func (r *Repos) Head(ctx context.Context, path, branch string) (string, error) {
	return r.resolve(ctx, path, "refs/heads/"+branch)
}

// Resolve gives the commit of a branch or a commit's id.
func (r *Repos) Resolve(ctx context.Context, path, name string) (string, error) {
	if forge.CheckCommit(name) == nil {
		return r.resolve(ctx, path, name)
	}
	return r.Head(ctx, path, name)
}

// Parent is the commit before commit.
func (r *Repos) Parent(ctx context.Context, path, commit string) (string, error) {
	return r.resolve(ctx, path, commit+"^")
}

func (r *Repos) resolve(ctx context.Context, path, rev string) (string, error) {
	out, err := r.run(ctx, path, nil, "rev-parse", "--quiet", "--verify", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Branches are the heads of all branches, by name.
func (r *Repos) Branches(ctx context.Context, path string) (map[string]string, error) {
	out, err := r.run(ctx, path, nil, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/")
	if err != nil {
		return nil, err
	}
	heads := map[string]string{}
	for line := range strings.Lines(string(out)) {
		commit, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		heads[name] = commit
	}
	return heads, nil
}

// Read gives a file of a commit.
func (r *Repos) Read(ctx context.Context, path, commit, name string) ([]byte, error) {
	out, err := r.run(ctx, path, nil, "cat-file", "blob", commit+":"+name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return out, nil
}

// Entry is one name in a folder.
type Entry struct {
	Name, ID, Mode string
	Folder         bool
}

// List gives what is in a folder of a commit, or of a tree; "" is the root.
func (r *Repos) List(ctx context.Context, path, commit, folder string) ([]Entry, error) {
	out, err := r.run(ctx, path, nil, "ls-tree", "-z", commit+":"+folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	var entries []Entry
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		meta, name, ok := strings.Cut(line, "\t")
		if f := strings.Fields(meta); ok && len(f) == 3 {
			entries = append(entries, Entry{Name: name, Mode: f[0], ID: f[2], Folder: f[1] == "tree"})
		}
	}
	return entries, nil
}

// Change is one changed file.
type Change struct {
	Status         string // A, M, D, R
	Path, Was      string // Was is Path but for renamed ones
	ID, WasID      string
	Added, Removed int // lines
}

// Changes are what commit changes since it left base.
func (r *Repos) Changes(ctx context.Context, path, base, commit string) ([]Change, error) {
	since := base
	if out, err := r.run(ctx, path, nil, "merge-base", base, commit); err == nil {
		since = strings.TrimSpace(string(out))
	}
	out, err := r.run(ctx, path, nil, "diff", "--raw", "--numstat", "-z", "-M", "--no-abbrev", since, commit)
	if err != nil {
		return nil, err
	}
	return readDiff(strings.Split(string(out), "\x00")), nil
}

// readDiff reads what git diff --raw --numstat -z writes: first one record of
// each kind for all files, then the counts in the same order.
func readDiff(tokens []string) []Change {
	var changes []Change
	counted := 0
	for i := 0; i < len(tokens); i++ {
		if meta, ok := strings.CutPrefix(tokens[i], ":"); ok {
			f := strings.Fields(meta)
			if len(f) != 5 || i+1 >= len(tokens) {
				return changes
			}
			i++
			c := Change{Status: f[4][:1], WasID: f[2], ID: f[3], Path: tokens[i], Was: tokens[i]}
			if c.Status == "R" && i+1 < len(tokens) {
				i++
				c.Path = tokens[i]
			}
			changes = append(changes, c)
			continue
		}
		if f := strings.SplitN(tokens[i], "\t", 3); len(f) == 3 && counted < len(changes) {
			changes[counted].Added, _ = strconv.Atoi(f[0]) // "-" for binary files: none
			changes[counted].Removed, _ = strconv.Atoi(f[1])
			counted++
			if f[2] == "" {
				i += 2
			}
		}
	}
	return changes
}

// Commits gives the commits of commit that base does not have, the newest first.
func (r *Repos) Commits(ctx context.Context, path, base, commit string) ([]string, error) {
	out, err := r.run(ctx, path, nil, "rev-list", base+".."+commit)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}
