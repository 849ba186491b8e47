package page

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// String is the duration as people say it: "45 s", "3 min 20 s", "2 h 5 min".
func (s Seconds) String() string {
	units := []struct {
		name string
		size Seconds
	}{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}
	if s <= 0 {
		return "0 s"
	}
	for i, u := range units {
		if s < u.size {
			continue
		}
		text := fmt.Sprintf("%d %s", s/u.size, u.name)
		if i+1 < len(units) {
			if rest := s % u.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

func between(start, end time.Time) Seconds {
	return Seconds(max(0, end.Sub(start)/time.Second))
}

// word is how a state is called on the page. Colour and icon repeat it.
func word(s State) string {
	switch s {
	case InfraError:
		return "infrastructure error"
	case "":
		return "unknown"
	default:
		return strings.ReplaceAll(string(s), "_", " ")
	}
}

// mark names the icon and colour of a state: one of a fixed few, whatever the
// state says.
func mark(s State) string {
	switch s {
	case Queued, Running, Passed, Failed, Cancelled, Skipped, Superseded:
		return string(s)
	case InfraError:
		return "infra"
	default:
		return "other"
	}
}

// rank sorts what needs a look before what does not.
func rank(s State) int {
	switch s {
	case Failed:
		return 0
	case InfraError:
		return 1
	case Running, Queued:
		return 2
	case Passed:
		return 5
	case Skipped:
		return 4
	default:
		return 3
	}
}

// verdict says in one sentence what the checks came to.
func verdict(r Run) string {
	said := outcome(r)
	first, size := utf8.DecodeRuneInString(said)
	return string(unicode.ToUpper(first)) + said[size:]
}

func outcome(r Run) string {
	count := map[State]int{}
	var required, optional, infra []string
	for _, c := range r.Checks {
		count[c.State]++
		switch {
		case c.State == Failed && c.Required:
			required = append(required, c.Name)
		case c.State == Failed:
			optional = append(optional, c.Name)
		case c.State == InfraError:
			infra = append(infra, c.Name)
		}
	}
	all := len(r.Checks)
	done := all - count[Queued] - count[Running]
	switch {
	case r.State == Superseded:
		return "A newer run has taken over"
	case r.State == Cancelled:
		return "Cancelled"
	case r.State.Alive() && len(required) > 0:
		return fmt.Sprintf("%s failed; %d of %d checks done", list(required), done, all)
	case r.State.Alive() && all == 0:
		return "Waiting to start"
	case r.State.Alive():
		return fmt.Sprintf("%d of %d checks done, nothing failed so far", done, all)
	case len(required) > 0:
		return list(required) + " failed"
	case r.State == InfraError || len(infra) > 0:
		return strings.TrimSpace(list(infra) + " could not be checked: the infrastructure failed, not the package")
	case r.State == Passed && len(optional) > 0:
		return fmt.Sprintf("Passed; optional: %s failed", list(optional))
	case r.State == Passed && all > 0 && count[Passed] == all:
		return fmt.Sprintf("All %s passed", plural(all, "check"))
	case r.State == Passed && count[Passed] > 0:
		return fmt.Sprintf("Passed: %d of %s, the rest did not run", count[Passed], plural(all, "check"))
	}
	return word(r.State)
}

// list joins names as a sentence does; beyond three only their number is said.
func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%s, %s and %d more", names[0], names[1], n-2)
	}
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// size is a file's size as people say it.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", max(0, n))
	}
	value, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB", "PiB"}
	for value >= unit && len(names) > 1 {
		value, names = value/unit, names[1:]
	}
	return fmt.Sprintf("%.1f %s", value, names[0])
}

// Sentence is the verdict of a run, made of its checks where it has none yet.
func (r Run) Sentence() string {
	if r.Verdict != "" {
		return r.Verdict
	}
	return verdict(r)
}
