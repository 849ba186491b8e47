// Package excerpt finds in a log the lines that matter and says in one short
// sentence why something failed and where to look.
//
// What it knows is data: rules.yaml holds, for each tool, the phrase and
// pattern by which its failures are told, how decisive they are, and how to
// word them, with examples that the tests run. Reading is one pass in bounded
// memory, linear in the log's length whatever the log holds.
package excerpt

import (
	"bytes"
	"io"
)

// Excerpt is what is worth reading of one log.
type Excerpt struct {
	// Rule is the id of the rule that matched ("gcc-error"). Empty means that
	// no rule did: then Lines are the last ones of the log and Reason says so.
	Rule string `json:"rule,omitempty"`
	// Log is the name of the log, as given to Find ("build.log").
	Log string `json:"log"`
	// Line is the 1-based number of the decisive line; 0 for an empty log.
	Line int `json:"line"`
	// First is the 1-based number of Lines[0].
	First int `json:"first"`
	// Lines are at most MaxLines lines around the decisive one: valid UTF-8
	// without control characters or terminal colours, each at most
	// MaxLineBytes long.
	Lines []string `json:"lines"`
	// Reason is one line: "undefined reference to 'foo'".
	Reason string `json:"reason"`
	// Infra tells that the machinery failed (a full disk, a mirror that does
	// not answer), not the package: worth another attempt, not a verdict.
	Infra bool `json:"infra,omitempty"`
	// Cut tells that the log was longer than MaxLogBytes, or made to be costly
	// to search: not all of it was looked at.
	Cut bool `json:"cut,omitempty"`
}

// Bounds of what is read and kept.
const (
	MaxLines     = 20        // lines in an excerpt
	MaxLineBytes = 400       // bytes of one line in an excerpt
	MaxReason    = 300       // bytes of a reason
	MaxLogBytes  = 1 << 30   // bytes of a log that are read
	matchBytes   = 4 << 10   // bytes of one line that rules look at
	maxWork      = 256 << 20 // bytes that patterns look at, over all lines: some seconds
	linesBefore  = 13        // lines kept before the decisive one
	memory       = 200       // lines a rule can look back
	bufferBytes  = 64 << 10  // read-ahead
)

// Find looks through a whole log with the built-in rules. The name tells what
// kind of log it is ("build.log", "root.log", "guest-setup-output.txt"), since
// some phrases mean different things in different logs; a path is cut to its
// last element. False means that we did not recognise the failure: the excerpt
// then holds the last lines that are not empty, and says so.
func Find(log []byte, name string) (Excerpt, bool) {
	found, known, _ := Builtin().Read(bytes.NewReader(log), name) // a bytes.Reader has no errors
	return found, known
}

// Read is Find for a log that is too long to hold: it needs under a megabyte
// of memory. The error is the reader's; the excerpt is of what came before it.
func Read(log io.Reader, name string) (Excerpt, bool, error) {
	return Builtin().Read(log, name)
}
