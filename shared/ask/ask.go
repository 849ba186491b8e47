// Package ask is the memory of what was asked for: every command a document
// said stays open in it until a fact about its label closes it.
//
// So a command that was never sent, or was lost, or ended among the dead
// letters, is said again when it is due; and a document knows at any time what
// it waits for.
package ask

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Ask is one open command.
type Ask struct {
	// Rev is the revision of the document that said it last.
	Rev int64 `json:"rev"`
	// Since is when it was first said, Due when it is to be looked after.
	Since time.Time `json:"since,omitzero"`
	Due   time.Time `json:"due,omitzero"`
	// Times is how often it was said.
	Times int `json:"times,omitempty"`
	// Later marks an ask that is not said before it is due.
	Later bool `json:"later,omitempty"`
	// System and Remote name what runs for it: koji.fedora, 45270170. Then it is
	// not said again when due: the system is asked what became of that.
	System string `json:"system,omitempty"`
	Remote string `json:"remote,omitempty"`
	// Draft is the command itself.
	Draft event.Draft `json:"draft"`
	// Wait is set by a decision: Due is to be this much later than now.
	Wait time.Duration `json:"-"`
}

// Book is the part of a document that package state looks after. A document
// embeds it.
type Book struct {
	// Rev counts the document's revisions. A decision finds it already raised:
	// it is the revision the decision will be written as.
	Rev int64 `json:"rev"`
	// Writer is the nonce of the last write, by which a writer whose answer was
	// lost knows its own work.
	Writer string `json:"writer,omitempty"`
	// Heard are the events last dealt with. Losing it does no harm: decisions
	// drop what is stale by content.
	Heard []Heard `json:"heard,omitempty"`
	// Index are the keys in due/ that stand for the open asks, by system.
	Index map[string][]string `json:"index,omitempty"`
	// Asks are the open commands by label.
	Asks map[string]Ask `json:"asks,omitempty"`
}

// Heard is an event that was dealt with.
type Heard struct {
	// Event is a hash of its source and id.
	Event string `json:"event"`
	// Rev is the revision that came of it.
	Rev int64 `json:"rev"`
}

// Asking gives the book, for those who know the document only as something
// that has one.
func (b *Book) Asking() *Book { return b }

// Open notes that draft was said under label and an answer is expected within
// wait.
func (b *Book) Open(label string, draft event.Draft, wait time.Duration) {
	b.set(label, Ask{Rev: b.Rev, Times: 1, Draft: draft, Wait: wait})
}

// OpenLater notes that draft is to be said under label when wait is over.
func (b *Book) OpenLater(label string, draft event.Draft, wait time.Duration) {
	b.set(label, Ask{Rev: b.Rev, Later: true, Draft: draft, Wait: wait})
}

// Watch notes that remote runs at system for the ask, and is to be looked at
// after wait.
func (b *Book) Watch(label, system, remote string, wait time.Duration) {
	a := b.Asks[label]
	a.System, a.Remote, a.Wait, a.Later = system, remote, wait, false
	b.set(label, a)
}

// Again notes that the ask is said once more, as draft.
func (b *Book) Again(label string, draft event.Draft, wait time.Duration) {
	a := b.Asks[label]
	a.Rev, a.Draft, a.Wait, a.Later = b.Rev, draft, wait, false
	a.Times++
	b.set(label, a)
}

// Postpone notes that the ask is to be said once more when wait is over.
func (b *Book) Postpone(label string, wait time.Duration) {
	a := b.Asks[label]
	a.Later, a.Wait = true, wait
	b.set(label, a)
}

// Close forgets the ask.
func (b *Book) Close(label string) {
	if _, open := b.Asks[label]; !open {
		return
	}
	b.Asks = maps.Clone(b.Asks)
	delete(b.Asks, label)
}

// Get gives the ask with this label.
func (b *Book) Get(label string) (Ask, bool) {
	a, ok := b.Asks[label]
	return a, ok
}

// DueBy gives the labels of the asks that are due at this moment and have
// nothing running for them, in order.
func (b *Book) DueBy(at time.Time) []string {
	var due []string
	for label, a := range b.Asks {
		if a.System == "" && !a.Due.After(at) {
			due = append(due, label)
		}
	}
	slices.Sort(due)
	return due
}

// Under gives the labels of the asks that begin with prefix, in order.
func (b *Book) Under(prefix string) []string {
	var under []string
	for label := range b.Asks {
		if strings.HasPrefix(label, prefix) {
			under = append(under, label)
		}
	}
	slices.Sort(under)
	return under
}

// set replaces the map: a decision must not change the document it was given.
func (b *Book) set(label string, a Ask) {
	asks := maps.Clone(b.Asks)
	if asks == nil {
		asks = map[string]Ask{}
	}
	asks[label] = a
	b.Asks = asks
}
