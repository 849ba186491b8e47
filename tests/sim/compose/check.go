package composesim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
)

// check holds every moment to what must be true at all of them: whoever was
// told that a compose is done installs from it until its time is over.
func (w *World) check() error {
	for _, c := range w.docs {
		if c.State != compose.Done || c.Removing || !c.Expires.After(w.now) {
			continue
		}
		for _, name := range files() {
			object, err := w.mem.Get(context.Background(), fileOf(c.DirOf(), name))
			if err != nil {
				return fmt.Errorf("compose %d lives until %s: %w", c.ID, c.Expires.Format("15:04:05"), err)
			}
			if p := planOf(c.Request); string(object.Body) != p.content {
				return fmt.Errorf("compose %d of %s holds %s", c.ID, p.content, object.Body)
			}
		}
	}
	return nil
}

// end tells what is not as it should be when all is quiet. By then the time of
// every compose is over.
func (w *World) end() error {
	composes := w.composes()
	if w.Verbose {
		for _, c := range composes {
			for _, line := range c.Trail {
				w.note("compose %d: %s %s (%s)", c.ID, line.At.Format("15:04:05"), line.Text, line.Event)
			}
		}
	}
	return errors.Join(w.endOfDocuments(composes), w.endOfFiles(), w.endOfTalk(composes), w.endOfKeys(composes))
}

func (w *World) endOfDocuments(composes []compose.Compose) error {
	for _, c := range composes {
		if c.State != compose.Removed {
			return fmt.Errorf("compose %d is %s in the end", c.ID, c.State)
		}
		if len(c.Asks) > 0 {
			return fmt.Errorf("compose %d still asks for %v", c.ID, c.Under(""))
		}
	}
	return nil
}

// endOfFiles: nothing is kept that nobody holds.
func (w *World) endOfFiles() error {
	for _, prefix := range []string{"composes/", state.DuePrefix} {
		page, err := w.mem.List(context.Background(), prefix, "", 0)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			return fmt.Errorf("%d are left below %s, the first is %s", len(page), prefix, page[0].Key)
		}
	}
	for _, digest := range []string{"aa", "bb"} {
		if is, err := w.desk.Contents.Look(context.Background(), digest); err != nil || is.Dir != 0 || len(is.Old) > 0 {
			return fmt.Errorf("content %s is %+v, %w", digest, is, err)
		}
	}
	return nil
}

// endOfTalk: every change was told, and the newest is known to be the newest.
func (w *World) endOfTalk(composes []compose.Compose) error {
	for is, told := range w.changes {
		if !told {
			return fmt.Errorf("it was never told that compose %d is %s (revision %d)", is.id, is.state, is.rev)
		}
	}
	for _, c := range composes {
		if is := w.newest[c.ID].state; is != c.State.String() {
			return fmt.Errorf("compose %d is %s, and was told last to be %s", c.ID, c.State, is)
		}
	}
	return nil
}

// endOfKeys: a call that came several times made one compose.
func (w *World) endOfKeys(composes []compose.Compose) error {
	ids := map[string]int64{}
	for _, a := range w.answered {
		if other, known := ids[a.key]; known && other != a.id {
			return fmt.Errorf("%s was answered with %d and with %d", a.key, other, a.id)
		}
		ids[a.key] = a.id
	}
	made := map[string]int64{}
	for _, c := range composes {
		if other, known := made[c.Why]; known {
			return fmt.Errorf("%s made compose %d and %d", strings.Clone(c.Why), other, c.ID)
		}
		made[c.Why] = c.ID
	}
	return nil
}
