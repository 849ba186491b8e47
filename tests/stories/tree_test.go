package stories

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
)

// tell writes what was said since the last line, as trees by cause.
func (p *player) tell(line string) error {
	facts, err := p.facts()
	if err != nil {
		return err
	}
	p.stage.mu.Lock()
	var roots []*said
	for _, e := range p.stage.told {
		if e.root {
			e.root = false
			roots = append(roots, e)
		}
	}
	var later []*said
	for _, e := range p.stage.told {
		if e.wasTold && (len(e.done) > e.toldDone || len(e.children) > e.toldChildren) {
			later = append(later, e)
		}
	}
	events := p.stage.byID
	p.stage.mu.Unlock()
	slices.SortStableFunc(roots, func(a, b *said) int { return cmp.Compare(a.order(), b.order()) })
	var out []string
	for _, e := range later {
		out = append(out, p.tree(e, events, facts, "  … "))
	}
	for _, root := range roots {
		out = append(out, p.tree(root, events, facts, "  "))
	}
	before := p.ignored(facts)
	for _, effect := range p.loose {
		before = append(before, "  "+p.names.of(effect)+"\n")
	}
	p.loose = nil
	out = slices.Concat(before, out)
	fmt.Fprintf(&p.heard, "> %s\n%s", line, strings.Join(fold(out), ""))
	return nil
}

// order is when it was dealt with; what nobody wanted comes first.
func (e *said) order() int { return e.handled }

func (p *player) tree(e *said, events, facts map[string]event.Event, indent string) string {
	var b strings.Builder
	data := ""
	if full, known := events[e.id]; known {
		data = " " + p.names.data(full.Data())
	} else if full, known := facts[e.kind+e.id]; known {
		data = " " + p.names.data(full.Data())
	}
	fmt.Fprintf(&b, "%s%s%s%s\n", indent, short(e.kind), p.whose(e), data)
	indent = strings.ReplaceAll(indent, "…", " ")
	for _, effect := range e.done[e.toldDone:] {
		fmt.Fprintf(&b, "%s  %s\n", indent, p.names.of(effect))
	}
	var below []string
	for _, child := range e.children[e.toldChildren:] {
		below = append(below, p.tree(child, events, facts, indent+"  "))
	}
	b.WriteString(strings.Join(fold(below), ""))
	e.wasTold, e.toldDone, e.toldChildren = true, len(e.done), len(e.children)
	return b.String()
}

// whose names the pull request where it is not the story's first.
func (p *player) whose(e *said) string {
	if e.subject == "" || e.subject == first || strings.HasPrefix(e.subject, firstLabel) || !strings.HasPrefix(e.subject, "local/") {
		return ""
	}
	return " of " + strings.TrimPrefix(e.subject, "local/")
}

const (
	first      = "local/rpms/bash#1"
	firstLabel = "local/rpms/bash/1/"
)

func short(kind string) string {
	if kind == tickType {
		return "minute"
	}
	return strings.TrimPrefix(kind, "distaff.")
}

// fold counts what is the same and follows itself.
func fold(blocks []string) []string {
	var out []string
	for i := 0; i < len(blocks); {
		n := 1
		for i+n < len(blocks) && blocks[i+n] == blocks[i] {
			n++
		}
		block := blocks[i]
		if n > 1 {
			head, rest, _ := strings.Cut(block, "\n")
			block = fmt.Sprintf("%s (%d times)\n%s", head, n, rest)
		}
		out = append(out, block)
		i += n
	}
	return out
}
