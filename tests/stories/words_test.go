package stories

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/forge/gittest"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
)

// lineTime is how long a line takes by the story's clock.
const lineTime = 10 * time.Second

// run plays the events of a story, line by line. What is indented belongs to
// the line before: a log.
func (p *player) run(events string) error {
	lines := strings.Split(strings.TrimRight(events, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var log []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			i++
			log = append(log, strings.TrimPrefix(lines[i], "  "))
		}
		if err := p.line(line, log); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

func (p *player) line(line string, log []string) error {
	quiet, err := p.act(line, log)
	if err != nil || quiet {
		return err
	}
	if err := p.advance(lineTime); err != nil {
		return err
	}
	return p.tell(line)
}

// act does what a line says. It tells whether nothing can be heard of it.
func (p *player) act(line string, log []string) (quiet bool, err error) {
	for _, phrase := range phrases() {
		if found := phrase.form.FindStringSubmatch(line); found != nil {
			return phrase.quiet, phrase.do(p, found[1:], log)
		}
	}
	return false, errors.New("the player does not know how to do this")
}

// phrase is one form of line.
type phrase struct {
	form  *regexp.Regexp
	quiet bool // it only prepares what comes
	do    func(p *player, words, log []string) error
}

func says(form string, do func(p *player, words, log []string) error) phrase {
	return phrase{form: regexp.MustCompile("^" + form + "$"), do: do}
}

func prepares(form string, do func(p *player, words, log []string) error) phrase {
	it := says(form, do)
	it.quiet = true
	return it
}

func phrases() []phrase {
	return slices.Concat(forgePhrases(), kojiPhrases(), farmPhrases(), busPhrases(), webPhrases(), operatorPhrases(), composePhrases(), []phrase{
		says(`wait (\S+)`, func(p *player, words, _ []string) error {
			d, err := time.ParseDuration(words[0])
			if err != nil {
				return err
			}
			return p.advance(d)
		}),
	})
}

func forgePhrases() []phrase {
	return []phrase{
		says(`open PR(.*)`, func(p *player, words, _ []string) error { return p.open(options(words[0])) }),
		says(`(force )?push( to PR \d+)?(.*)`, func(p *player, words, _ []string) error {
			return p.push(p.pull(words[1]), options(words[2]), words[0] != "")
		}),
		says(`close( PR \d+)?`, func(p *player, words, _ []string) error {
			q := p.pull(words[0])
			return p.world.Forge.Close(p.ctx, "anna", q.repo, q.number)
		}),
		says(`merge( PR \d+)?`, func(p *player, words, _ []string) error {
			q := p.pull(words[0])
			return p.world.Forge.Merge(p.ctx, "anna", q.repo, q.number)
		}),
		says(`reopen( PR \d+)?`, func(p *player, words, _ []string) error {
			q := p.pull(words[0])
			return p.world.Forge.Reopen(p.ctx, "anna", q.repo, q.number)
		}),
		says(`comment( as distaff)? (.+)`, func(p *player, words, _ []string) error {
			q, who := p.pull(""), "anna"
			if words[0] != "" {
				who = "distaff"
			}
			_, err := p.world.Forge.Comment(p.ctx, who, q.repo, q.number, words[1])
			return err
		}),
		says(`delete the fork`, func(p *player, _, _ []string) error {
			return p.world.Forge.DeleteFork(p.ctx, p.pull("").fork)
		}),
	}
}

// options reads NAME=VALUE words.
func options(text string) map[string]string {
	out := map[string]string{}
	for _, word := range strings.Fields(text) {
		name, value, _ := strings.Cut(word, "=")
		out[name] = value
	}
	return out
}

// pull is the pull request meant: the last, if none is named.
func (p *player) pull(text string) pull {
	words := strings.Fields(text)
	if len(words) > 0 {
		n, _ := strconv.Atoi(words[len(words)-1])
		if n >= 1 && n <= len(p.requests) {
			return p.requests[n-1]
		}
	}
	return p.requests[len(p.requests)-1]
}

const spec = "Name: bash\nVersion: 5\nRelease: 1%{?dist}\nSummary: A shell\nLicense: GPL-3.0-or-later\n%description\nA shell.\n%files\n"

// open makes a repository with a spec, a fork of it, and a pull request.
func (p *player) open(o map[string]string) error {
	repo, branch := o["repo"], o["branch"]
	if repo == "" {
		repo = "rpms/bash"
	}
	if branch == "" {
		branch = "rawhide"
	}
	name := repo[strings.LastIndexByte(repo, '/')+1:]
	first := map[string]string{name + ".spec": spec, "README.md": "Read me.\n", "plans/smoke.fmf": "execute: {how: tmt}\n"}
	if o["fmf"] == "yes" {
		first[".fmf/version"] = "1\n"
	}
	forge := p.world.Forge
	branches := []string{"f44", "f45", "f43", "epel6", "epel9", "main", "private"}
	if _, err := forge.CreateRepo(p.ctx, repo, first, branches...); err != nil {
		return err
	}
	fork, err := forge.Fork(p.ctx, "anna", repo)
	if err != nil {
		return err
	}
	q := pull{repo: repo, fork: fork, source: "change" + strconv.Itoa(len(p.requests)+1)}
	if from := o["from"]; from != "" { // of another pull request
		q.source = p.pull(from).source
	} else {
		sha, err := forge.Push(p.ctx, "anna", fork, q.source, p.files(o, name))
		if err != nil {
			return err
		}
		p.names.commit(sha)
	}
	q.number, err = forge.OpenPullRequest(p.ctx, paguretest.NewPullRequest{
		User: "anna", Repo: repo, From: fork, Branch: branch, SourceBranch: q.source, Title: "Update " + name,
	})
	p.requests = append(p.requests, q)
	return err
}

// files are what a push changes.
func (p *player) files(o map[string]string, name string) map[string]string {
	out := map[string]string{}
	for _, file := range list(o["files"]) {
		out[file] = fmt.Sprintf("%s# change %d\n", map[bool]string{true: spec}[strings.HasSuffix(file, ".spec")], len(p.names.commits)+1)
	}
	for _, file := range list(o["removes"]) {
		out[file] = gittest.Removed
	}
	if len(out) == 0 {
		out[name+".spec"] = fmt.Sprintf("%s# change %d\n", spec, len(p.names.commits)+1)
	}
	return maps.Clone(out)
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (p *player) push(q pull, o map[string]string, force bool) error {
	push := p.world.Forge.Push
	if force {
		push = p.world.Forge.ForcePush
	}
	sha, err := push(p.ctx, "anna", q.fork, q.source, p.files(o, q.repo[strings.LastIndexByte(q.repo, '/')+1:]))
	if err == nil {
		p.names.commit(sha)
	}
	return err
}
