package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// File is the name the configuration was read under; Line and Column count
	// from 1, Column in characters.
	File   string
	Line   int
	Column int
	// Path is the key: forges.fedora.url. Empty for the file as a whole.
	Path string
	// Text is what is wrong and what to do.
	Text string
}

// String writes file:line:column: path: text.
func (p Problem) String() string {
	place := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Line == 0 {
		place = "" // of a Config that was not read from a file
	}
	if p.Path == "" {
		return place + p.Text
	}
	return place + p.Path + ": " + p.Text
}

// Problems are all that is wrong, in the order of the file.
type Problems []Problem //nolint:errname // reads as what it is: errors.As(err, &problems)

// Error writes one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, compare)
}

func compare(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
}
