package pipeline

import "github.com/distaff-project/distaff/shared/event"

// What a document keeps of long lists, in bytes. Seven checks with all of it
// stay below the 256 KiB that package state writes; the rest is on the pages of
// Koji and Testing Farm.
const (
	artifactsMost = 32 << 10
	casesMost     = 12 << 10
	// quotes is what JSON adds to a text or two.
	quotes = 40
)

// within gives the beginning of a list that is not larger than most.
func within[T any](list []T, most int, size func(T) int) []T {
	for i, item := range list {
		if most -= size(item) + quotes; most < 0 {
			return list[:i:i]
		}
	}
	return list
}

func sizeOfLink(l event.Link) int { return len(l.Name) + len(l.URL) }

func sizeOfCase(c event.Case) int { return len(c.Name) + len(c.URL) + len(c.Result) }

// deciding gives of the files of a change one that needs a check, if there is
// one: the list itself may be longer than a document.
func (r Rules) deciding(files []string) []string {
	for i, file := range files {
		if !matchAny(r.Docs, file) {
			return files[i : i+1 : i+1]
		}
	}
	return files[:min(1, len(files))]
}
