// Package productmd writes and reads the metadata files of a compose: what is
// in it, where its trees lie, and which signing key each package has. They are
// the files that Pungi leaves and that the Python library productmd, release
// tools and mirrors read, in the same bytes.
//
// The formats are version 1.2 of productmd's (release-engineering/productmd,
// folder doc); .discinfo and media.repo are Anaconda's, as Pungi writes them.
package productmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kinds of compose.
const (
	Test        = "test"
	CI          = "ci"
	Nightly     = "nightly"
	Production  = "production"
	Development = "development"
)

// Types are all kinds of compose.
func Types() []string { return []string{Test, CI, Nightly, Production, Development} }

// What stands in STATUS. A line break follows it in the file.
const (
	Started            = "STARTED"
	Finished           = "FINISHED"
	FinishedIncomplete = "FINISHED_INCOMPLETE"
	Doomed             = "DOOMED"
	Terminated         = "TERMINATED"
)

// ErrMetadata says that metadata cannot be read, or that what was to be written
// is none.
var ErrMetadata = errors.New("metadata of a compose")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMetadata, fmt.Errorf(format, args...))
}

// Compose is what every file of the metadata folder begins with.
type Compose struct {
	Date string `json:"date"` // YYYYMMDD
	// Final is written, and means something, only beside a label.
	Final  bool   `json:"-"`
	ID     string `json:"id"`
	Label  string `json:"-"` // a milestone: "RC-1.2"; may be empty
	Respin int    `json:"respin"`
	Type   string `json:"type"`
}

// New gives the compose that id names. The error tells what is wrong with id.
func New(id ID) (Compose, error) {
	text, err := id.Format()
	return Compose{Date: id.Date, ID: text, Respin: id.Respin, Type: id.Type}, err
}

type composeJSON struct {
	Date   string `json:"date"`
	Final  *bool  `json:"final,omitempty"`
	ID     string `json:"id"`
	Label  string `json:"label,omitempty"`
	Respin int    `json:"respin"`
	Type   string `json:"type"`
}

func (c Compose) json() composeJSON {
	out := composeJSON{Date: c.Date, ID: c.ID, Label: c.Label, Respin: c.Respin, Type: c.Type}
	if c.Label != "" {
		out.Final = &c.Final
	}
	return out
}

func (c composeJSON) compose() (Compose, error) {
	out := Compose{Date: c.Date, ID: c.ID, Label: c.Label, Respin: c.Respin, Type: c.Type}
	if c.Final != nil {
		out.Final = *c.Final
	}
	return out, out.check()
}

func (c Compose) check() error {
	if c.ID == "" || len(c.ID) > maxText || strings.ContainsFunc(c.ID, control) || strings.Contains(c.ID, "/") {
		return wrong("id %.80q of the compose", c.ID)
	}
	if !date(c.Date) {
		return wrong("date %.20q of %s is not YYYYMMDD", c.Date, c.ID)
	}
	if _, known := suffix(c.Type); !known {
		return wrong("type %.40q of %s: known are %s", c.Type, c.ID, strings.Join(Types(), ", "))
	}
	if c.Respin < 0 {
		return wrong("respin %d of %s", c.Respin, c.ID)
	}
	return CheckLabel(c.Label)
}

// CheckLabel tells whether a milestone's label is one: a known name, a dash and
// two numbers, "RC-1.2". The empty label is allowed.
func CheckLabel(label string) error {
	if label == "" {
		return nil
	}
	names := []string{
		"EA", "DevelPhaseExit", "InternalAlpha", "Alpha", "InternalSnapshot", "Beta", "Snapshot", "RC", "Update", "SecurityFix",
	}
	name, number, _ := strings.Cut(label, "-")
	major, minor, ok := strings.Cut(number, ".")
	if !ok || !digits(major) || !digits(minor) || len(label) > 80 || !slices.Contains(names, name) {
		return wrong("label %.80q: want one of %s with a version, as in RC-1.2", label, strings.Join(names, ", "))
	}
	return nil
}

const maxText = 512

func control(r rune) bool { return r < ' ' || r == 0x7f }

func digits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

func date(text string) bool { return len(text) == 8 && digits(text) }
