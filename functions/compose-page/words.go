package composepage

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/page"
)

const (
	// failure and cancel begin reasons, in ODCS's words.
	failure = "Error while generating compose: "
	cancel  = "Canceled by "
	// namesMost is how many names of a list are told in a line.
	namesMost = 4
)

func stateOf(c compose.Compose) page.ComposeState {
	switch c.State {
	case compose.Wait:
		return page.ComposeWaiting
	case compose.Generating:
		return page.ComposeMaking
	case compose.Done:
		return page.ComposeDone
	case compose.Removed:
		return page.ComposeRemoved
	case compose.Failed:
		if strings.HasPrefix(c.Reason, cancel) {
			return page.ComposeCancelled
		}
		return page.ComposeFailed
	}
	return page.ComposeState(c.State.String())
}

// verdict says in a sentence how a compose stands.
func verdict(c compose.Compose) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Reason, failure), "\n")
	switch c.State {
	case compose.Wait:
		return "Waiting to be made"
	case compose.Generating:
		switch {
		case c.Leader != 0:
			return fmt.Sprintf("Compose %d will be the same, and is waited for", c.Leader)
		case c.Trouble != "":
			return "Being made: it cannot go on now, and is tried again"
		case c.Total > 0:
			return "Being made"
		}
		return "Being made: its packages are being found"
	case compose.Done:
		if c.Removing {
			return "Being removed"
		}
		return "Done: it can be installed from"
	case compose.Removed:
		if c.RemovedBy != "" {
			return "Removed by " + c.RemovedBy
		}
		return "Removed: its time was over"
	case compose.Failed:
		if by, ok := strings.CutPrefix(first, cancel); ok {
			return "Cancelled by " + by
		}
		if first != "" {
			return "Failed: " + first
		}
	}
	return "Failed"
}

// reason are the lines of what went wrong that the verdict does not say.
func reason(c compose.Compose) []string {
	if c.State != compose.Failed || strings.HasPrefix(c.Reason, cancel) {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(c.Reason, failure)), "\n")
	if len(lines) < 2 {
		return nil
	}
	return lines[1:]
}

// from says what a compose is made of: tag f45-updates: bash, zsh.
func from(r compose.Request) string {
	text := strings.ReplaceAll(r.SourceType.String(), "_", " ") + " " + names(r.Source)
	if r.SourceType == compose.Build {
		text = "builds"
		if len(r.Builds) == 1 {
			text = "build"
		}
		return text + " " + names(r.Builds)
	}
	if len(r.Packages) > 0 {
		text += ": " + names(r.Packages)
	}
	if len(r.Builds) > 0 {
		text += " with " + names(r.Builds)
	}
	return strings.TrimSpace(text)
}

// names lists the first of some names, and how many more there are.
func names(list []string) string {
	if len(list) <= namesMost {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:namesMost-1], ", "), len(list)-namesMost+1)
}

// asked are the particulars of a request.
func asked(c compose.Compose) []page.Fact {
	r := c.Request
	var facts []page.Fact
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, page.Fact{Name: name, Text: text})
		}
	}
	add("Source", strings.ReplaceAll(r.SourceType.String(), "_", " ")+" "+few(r.Source))
	add("Packages", few(r.Packages))
	add("Builds", few(r.Builds))
	add("Architectures", strings.Join(r.Arches, ", "))
	add("Signed by", keys(r.Sigkeys))
	add("Flags", strings.Join(odcs.FlagNames(r.Flags), ", "))
	add("Multilib", strings.Join(r.MultilibArches, ", "))
	add("Modules", few(r.Modules))
	add("Modular tags", few(r.ModularKojiTags))
	add("Scratch builds", few(r.ScratchBuildTasks))
	add("Scratch modules", few(r.ScratchModules))
	add("Lookaside repositories", few(r.LookasideRepos))
	if r.Event != 0 {
		add("Koji event", fmt.Sprint(r.Event))
	}
	add("Label", r.Label)
	if r.ComposeType != "test" {
		add("Type", r.ComposeType)
	}
	add("Pungi id", c.PungiID)
	add("Respin of", r.RespinOf)
	add("Kept for", page.Seconds(r.Lifetime).String())
	return facts
}

// few lists names as long as they fit into some lines.
func few(list []string) string {
	const most = 400
	text := ""
	for i, name := range list {
		if len(text)+len(name) > most {
			return fmt.Sprintf("%s and %d more", text, len(list)-i)
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// keys says which signatures are taken, in order of preference.
func keys(list []string) string {
	var words []string
	for _, key := range list {
		if key == "" {
			key = "not signed"
		}
		words = append(words, key)
	}
	return strings.Join(words, ", else ")
}
