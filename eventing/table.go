package eventing

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Table writes the functions as a Markdown table: kind, what each hears and
// says, and the one foreign system whose credential it holds.
func Table(functions []fn.Function) string {
	var b strings.Builder
	b.WriteString("\n| function | kind | what it does | hears | says | system and credential |\n|---|---|---|---|---|---|\n")
	for _, f := range functions {
		system := f.System
		if system == "" {
			system = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Name, Kind(f), f.Does, hears(f), says(f), system)
	}
	b.WriteString("\n")
	return b.String()
}

// Kind tells what kind of function f is.
func Kind(f fn.Function) string {
	switch {
	case f.Web != nil:
		return "api"
	case strings.HasPrefix(f.Name, "on-"):
		return "reactor"
	case len(f.Hears) > 0 && f.Hears[0].Type == event.TickType:
		return "listener"
	}
	return "doer"
}

func hears(f fn.Function) string {
	if f.Web != nil {
		return "HTTP"
	}
	var out []string
	for _, route := range f.Hears {
		switch {
		case route.Type == "":
			out = append(out, "what could not be delivered")
		case route.Match["tick"] != "":
			out = append(out, "each "+route.Match["tick"])
		default:
			out = append(out, strings.TrimPrefix(route.Type, "distaff."))
		}
	}
	return strings.Join(out, ", ")
}

func says(f fn.Function) string {
	if Kind(f) == "reactor" {
		return "commands (*-wanted)"
	}
	var out []string
	for _, kind := range f.Says {
		out = append(out, strings.TrimPrefix(kind.Name(), "distaff."))
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}
