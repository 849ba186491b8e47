// Package gittest keeps bare Git repositories in a folder, changes them as
// people do who push, and serves them over Git's own HTTP protocol. It is what
// the stand-ins of forges share, and needs the program git.
package gittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/forge"
)

// ErrMissing tells that there is no such repository, ref, commit or file.
var ErrMissing = errors.New("no such thing in git")

// Repos are the repositories in one folder. It is safe for concurrent use as
// far as Git is: two commits to one branch at once may fail.
type Repos struct {
	root string
	git  string
	env  []string
}

// New takes a folder, which must exist, for repositories.
func New(root string) (*Repos, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("serve git repositories: %w", err)
	}
	return &Repos{root: root, git: git, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + root, "LC_ALL=C",
		// Nothing of who runs this may change what happens.
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}}, nil
}

// Create makes an empty repository whose default branch is branch.
func (r *Repos) Create(ctx context.Context, path, branch string) error {
	if err := forge.CheckRepo(path); err != nil {
		return err
	}
	if _, err := r.run(ctx, "", nil, "init", "--quiet", "--bare", "--initial-branch="+branch, r.dir(path)); err != nil {
		return err
	}
	return r.settle(ctx, path)
}

// Fork makes a copy of a repository with its branches.
func (r *Repos) Fork(ctx context.Context, from, to string) error {
	if err := errors.Join(forge.CheckRepo(from), forge.CheckRepo(to)); err != nil {
		return err
	}
	if _, err := r.run(ctx, "", nil, "clone", "--quiet", "--bare", r.dir(from), r.dir(to)); err != nil {
		return err
	}
	return r.settle(ctx, to)
}

// settle turns on pushing over HTTP (who may is asked before) and turns off
// what Git does in the background.
func (r *Repos) settle(ctx context.Context, path string) error {
	for _, setting := range []string{"http.receivepack=true", "gc.auto=0", "receive.autogc=false"} {
		name, value, _ := strings.Cut(setting, "=")
		if _, err := r.run(ctx, path, nil, "config", name, value); err != nil {
			return err
		}
	}
	return nil
}

// Exists tells whether there is a repository at path.
func (r *Repos) Exists(path string) bool {
	if forge.CheckRepo(path) != nil {
		return false
	}
	_, err := os.Stat(filepath.Join(r.dir(path), "HEAD"))
	return err == nil
}

// Removed is the content of a file in Commit.Files that is to be removed.
const Removed = "\x00removed\x00"

// Commit is a commit to be made.
type Commit struct {
	// Branch gets it. From is the commit it follows; empty: the branch's head.
	// Where From is another commit, the branch is moved by force.
	Branch, From string
	Author       string
	Message      string
	Time         time.Time
	// Files are those it changes, by path, with their whole content.
	Files map[string]string
}

// Commit makes a commit and gives its id.
func (r *Repos) Commit(ctx context.Context, path string, c Commit) (string, error) {
	from := c.From
	if from == "" {
		if head, err := r.Head(ctx, path, c.Branch); err == nil {
			from = head
		}
	}
	var in bytes.Buffer
	data := func(text string) { _, _ = fmt.Fprintf(&in, "data %d\n%s\n", len(text), text) }
	author := forge.Line(strings.NewReplacer("<", "", ">", "").Replace(c.Author), 60)
	_, _ = fmt.Fprintf(&in, "commit refs/heads/%s\ncommitter %s <%s@localhost> %d +0000\n", c.Branch, author, strings.ReplaceAll(author, " ", "."), c.Time.Unix())
	data(c.Message)
	if from != "" {
		_, _ = fmt.Fprintf(&in, "from %s\n", from)
	}
	for name, content := range c.Files {
		if strings.ContainsAny(name, "\n\"") {
			return "", fmt.Errorf("commit to %s: %q is not the name of a file", path, name)
		}
		if content == Removed {
			_, _ = fmt.Fprintf(&in, "D %s\n", name)
			continue
		}
		_, _ = fmt.Fprintf(&in, "M 100644 inline %s\n", name)
		data(content)
	}
	if _, err := r.run(ctx, path, in.Bytes(), "fast-import", "--quiet", "--force", "--date-format=raw"); err != nil {
		return "", err
	}
	return r.Head(ctx, path, c.Branch)
}

// Merge brings a commit into a branch: forward where that goes, or else by a
// merge commit.
func (r *Repos) Merge(ctx context.Context, path, branch, commit, author string, at time.Time) (string, error) {
	base, err := r.Head(ctx, path, branch)
	if err != nil {
		return "", err
	}
	merged := commit
	if _, err := r.run(ctx, path, nil, "merge-base", "--is-ancestor", base, commit); err != nil {
		tree, err := r.run(ctx, path, nil, "merge-tree", "--write-tree", base, commit)
		if err != nil {
			return "", fmt.Errorf("it conflicts: %w", err)
		}
		who := fmt.Sprintf("%s <%s@localhost> %d +0000", author, author, at.Unix())
		raw := fmt.Sprintf("tree %s\nparent %s\nparent %s\nauthor %s\ncommitter %s\n\nMerge\n", strings.TrimSpace(string(tree)), base, commit, who, who)
		id, err := r.run(ctx, path, []byte(raw), "hash-object", "-t", "commit", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		merged = strings.TrimSpace(string(id))
	}
	_, err = r.run(ctx, path, nil, "update-ref", "refs/heads/"+branch, merged, base)
	return merged, err
}

// Branch makes a branch, or moves it, to a commit.
func (r *Repos) Branch(ctx context.Context, path, branch, commit string) error {
	_, err := r.run(ctx, path, nil, "update-ref", "refs/heads/"+branch, commit)
	return err
}

// Fetch copies a commit of another repository here, as ref.
func (r *Repos) Fetch(ctx context.Context, into, from, commit, ref string) error {
	if _, err := r.run(ctx, into, nil, "fetch", "--quiet", "--no-tags", r.dir(from), "+refs/heads/*:refs/distaff-fetched/*"); err != nil {
		return err
	}
	_, err := r.run(ctx, into, nil, "update-ref", ref, commit)
	return err
}

func (r *Repos) dir(path string) string {
	return filepath.Join(r.root, filepath.FromSlash(path)) + ".git"
}

func (r *Repos) run(ctx context.Context, path string, in []byte, args ...string) ([]byte, error) {
	if path != "" {
		if !r.Exists(path) {
			return nil, fmt.Errorf("%w: the repository %q", ErrMissing, forge.Line(path, 200))
		}
		args = append([]string{"--git-dir=" + r.dir(path)}, args...)
	}
	command := exec.CommandContext(ctx, r.git, args...)
	command.Env, command.Dir, command.Stdin = r.env, r.root, bytes.NewReader(in)
	var out, trouble bytes.Buffer
	command.Stdout, command.Stderr = &out, &trouble
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("git %s in %s: %w: %s", args[min(1, len(args)-1)], path, err, forge.Line(trouble.String(), 300))
	}
	return out.Bytes(), nil
}
