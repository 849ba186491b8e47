package composemake

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
)

// journal is what happens to a compose, in words, for its log.
type journal struct {
	pub *publish.Publisher
	now func() time.Time
	id  int64
	// fresh tells that nothing was written before.
	fresh bool
	lines strings.Builder
}

// reasonMost is how many characters a reason is told in.
const reasonMost = 4000

func firstRunes(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// note adds a line.
func (j *journal) note(format string, args ...any) {
	// Whoever gets to read it may read it in a terminal.
	text := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, firstRunes(fmt.Sprintf(format, args...), reasonMost))
	j.lines.WriteString(j.now().UTC().Format(time.DateTime) + " " + text + "\n")
}

// opening are the first lines of a log.
func (j *journal) opening(c compose.Compose) {
	j.note("Compose %d of %s for %s, asked for by %s at %s.", c.ID, gather.SourceText(c.Request), strings.Join(c.Request.Arches, ", "),
		c.Owner, c.Submitted.UTC().Format(time.DateTime))
}

// save writes what was noted.
func (j *journal) save(ctx context.Context) error {
	text := j.lines.String()
	if text == "" {
		return nil
	}
	fresh := j.fresh
	j.lines.Reset()
	j.fresh = false
	return j.pub.Log(ctx, j.id, text, fresh)
}

// end writes what was noted, and that it was all.
func (j *journal) end(ctx context.Context) error {
	text, fresh := j.lines.String(), j.fresh
	j.lines.Reset()
	j.fresh = false
	return j.pub.EndLog(ctx, j.id, text, fresh)
}
