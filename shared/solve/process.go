package solve

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

//go:embed solve.py
var program string

// Hawkey solves by running Python with libdnf's bindings.
type Hawkey struct {
	python string
	client *wire.Client
	limits Limits
}

// Limits bound one question. A zero field has its default.
type Limits struct {
	Time   time.Duration // 10 minutes; the context may end it sooner
	Memory int64         // 2 GiB of address space
	Answer int64         // 256 MiB of output
}

// Find gives the machine's solver: the Python that its dnf is written for, or
// else the first that has the bindings. The error is ErrNoSolver.
func Find(ctx context.Context, client *wire.Client) (*Hawkey, error) {
	for _, python := range candidates() {
		path, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		probe := exec.CommandContext(ctx, path, "-I", "-c", "import hawkey") //nolint:gosec // one of candidates
		if probe.Run() == nil {
			return New(path, client, Limits{}), nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, ErrNoSolver
}

// New gives a solver that runs the Python at path.
func New(path string, client *wire.Client, limits Limits) *Hawkey {
	if client == nil {
		client = &wire.Client{}
	}
	if limits.Time == 0 {
		limits.Time = 10 * time.Minute
	}
	if limits.Memory == 0 {
		limits.Memory = 2 << 30
	}
	if limits.Answer == 0 {
		limits.Answer = 256 << 20
	}
	return &Hawkey{python: path, client: client, limits: limits}
}

// candidates are Pythons that may have the bindings. dnf is a script, so its
// first line names the one it runs with.
func candidates() []string {
	var out []string
	for _, name := range []string{"dnf-3", "dnf4", "dnf"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		line, _ := bufio.NewReaderSize(file, 256).ReadSlice('\n') // an error: not a script
		_ = file.Close()
		if words := strings.Fields(strings.TrimPrefix(string(line), "#!")); bytes.HasPrefix(line, []byte("#!/")) && len(words) > 0 {
			out = append(out, words[0])
		}
	}
	return append(out, "/usr/libexec/platform-python", "/usr/bin/python3", "python3")
}

type requestJSON struct {
	Cache    string     `json:"cache"`
	Memory   int64      `json:"memory"`
	Arch     string     `json:"arch"`
	Native   []string   `json:"native"`
	Multilib []string   `json:"multilib"`
	Methods  []Method   `json:"methods"`
	White    []string   `json:"white"`
	Black    []string   `json:"black"`
	Greedy   Greedy     `json:"greedy"`
	Deps     bool       `json:"deps"`
	Check    bool       `json:"check"`
	Include  []string   `json:"include"`
	Exclude  []string   `json:"exclude"`
	Repos    []repoJSON `json:"repos"`
}

type repoJSON struct {
	ID        string `json:"id"`
	Repomd    string `json:"repomd"`
	Primary   string `json:"primary"`
	Filelists string `json:"filelists"`
	Lookaside bool   `json:"lookaside"`
}

type answerJSON struct {
	Packages   []Package   `json:"packages"`
	Missing    []string    `json:"missing"`
	Unresolved [][2]string `json:"unresolved"`
	Broken     []Broken    `json:"broken"`
}

// Solve answers r.
func (h *Hawkey) Solve(ctx context.Context, r Request) (Result, error) {
	if err := r.check(); err != nil {
		return Result{}, &RequestError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, h.limits.Time)
	defer cancel()
	dir, err := os.MkdirTemp("", "solve-")
	if err != nil {
		return Result{}, fmt.Errorf("make room for solving: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ask := requestJSON{
		Cache: dir, Memory: h.limits.Memory, Arch: machine(r.Arch), Native: native(r.Arch), Multilib: []string{}, Methods: r.Multilib,
		White: r.MultilibInclude, Black: r.MultilibExclude, Greedy: r.Greedy, Deps: r.Deps, Check: r.Check,
		Include: r.Include, Exclude: r.Exclude,
	}
	if len(r.Multilib) > 0 || len(r.MultilibInclude) > 0 {
		ask.Multilib = append(ask.Multilib, multilib(r.Arch)...)
	}
	aside, room := map[string]bool{}, int64(maxFetched)
	for _, repo := range r.Repos {
		s := source{name: repo.Name, client: h.client, into: dir, room: &room}
		if s.dir, s.remote, err = repo.address(r.Arch); err != nil {
			return Result{}, err
		}
		local, err := s.fetch(ctx)
		if err != nil {
			return Result{}, err
		}
		ask.Repos = append(ask.Repos, repoJSON{repo.Name, local.repomd, local.primary, local.filelists, repo.Lookaside})
		aside[repo.Name] = repo.Lookaside
	}
	raw, err := h.run(ctx, dir, ask)
	if err != nil {
		return Result{}, err
	}
	return read(raw, aside)
}

func (h *Hawkey) run(ctx context.Context, dir string, ask requestJSON) ([]byte, error) {
	input, err := json.Marshal(ask)
	if err != nil {
		return nil, fmt.Errorf("ask the solver: %w", err)
	}
	out, complaints := &capped{left: h.limits.Answer}, &capped{left: 64 << 10, drop: true}
	cmd := exec.CommandContext(ctx, h.python, "-I", "-W", "ignore", "-c", program) //nolint:gosec // our own program
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, bytes.NewReader(input), out, complaints
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("solve dependencies for %s: %w", ask.Arch, ctx.Err())
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return nil, ErrNoSolver
	case out.over:
		return nil, &RequestError{fmt.Errorf("solve dependencies for %s: the answer is larger than %d bytes", ask.Arch, h.limits.Answer)}
	case err != nil && strings.Contains(complaints.kept.String(), "No module named 'hawkey'"):
		return nil, ErrNoSolver
	case err != nil && strings.Contains(complaints.kept.String(), "MemoryError"):
		return nil, &RequestError{fmt.Errorf("solve dependencies for %s: it takes more than %d bytes of memory", ask.Arch, h.limits.Memory)}
	case err != nil:
		return nil, fmt.Errorf("solve dependencies for %s: %w: %s", ask.Arch, err, lastLine(complaints.kept.String()))
	}
	return out.kept.Bytes(), nil
}

func read(raw []byte, aside map[string]bool) (Result, error) {
	var answer answerJSON
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&answer); err != nil {
		return Result{}, fmt.Errorf("read the solver's answer: %w", err)
	}
	out := Result{Packages: answer.Packages, Missing: answer.Missing, Broken: answer.Broken}
	for i, p := range out.Packages {
		lookaside, known := aside[p.Repo]
		if !known || p.Name == "" || p.Arch == "" {
			return Result{}, fmt.Errorf("read the solver's answer: %.80q is in the repository %.80q", p.Name, p.Repo)
		}
		out.Packages[i].Lookaside = lookaside
	}
	for _, u := range answer.Unresolved {
		out.Unresolved = append(out.Unresolved, Unresolved{u[0], u[1]})
	}
	return out, nil
}

// capped keeps so many bytes. A writer that has more fails, or, with drop, is
// not told.
//
// The buffer is not embedded: its ReadFrom would be taken in place of Write.
type capped struct {
	kept       bytes.Buffer
	left       int64
	over, drop bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		c.over = true
		if c.drop {
			return len(p), nil
		}
		return 0, errors.New("too much output")
	}
	return c.kept.Write(p)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	return last[:min(len(last), 300)]
}
