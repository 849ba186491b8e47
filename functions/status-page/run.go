package statuspage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// run gives the page of a run: of the document while it is the newest, so that
// it is of this moment, and else of what was kept when it ended.
func (s site) run(ctx context.Context, r find.Run) (reply, error) {
	d, known, err := s.read(ctx, r.PullRequest)
	if err != nil {
		return reply{}, err
	}
	if known && d.Run.Number == r.Number {
		now := s.Now().UTC()
		out := reply{code: http.StatusOK, tags: []string{d.tag}}
		view := d.View(d.Run, now)
		if view.State.Alive() {
			// What it says of the time gone by is of this moment.
			out.tags = append(out.tags, now.Truncate(page.Refresh*time.Second).Format(time.RFC3339))
		}
		out.make = runPage(view, r)
		return out, nil
	}
	key := pipeline.RunKey(r.PullRequest, r.Number) + "run.json"
	object, err := s.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return s.noRun(r, known), nil
	}
	var kept page.Run
	if err == nil {
		err = json.Unmarshal(object.Body, &kept)
	}
	if err != nil {
		return reply{}, fmt.Errorf("read %s: %w", key, err)
	}
	return reply{code: http.StatusOK, tags: []string{string(object.Tag)}, make: runPage(kept, r)}, nil
}

func (s site) noRun(r find.Run, known bool) reply {
	m := page.Missing{Title: "There is no " + r.String(), Text: "It never was, or its page is no longer kept."}
	if s.Days > 0 {
		m.Text = fmt.Sprintf("It never was, or it ended more than %d days ago: so long are pages kept.", s.Days)
	}
	if known {
		m.Back, m.BackText = placeOf(r.PullRequest), "All runs of "+r.PullRequest.String()
	}
	return missing(m)
}

// runPage puts the page of a run into the site.
func runPage(view page.Run, r find.Run) func(page.Site) ([]byte, []byte, error) {
	return func(in page.Site) ([]byte, []byte, error) {
		view.Index, view.JSON = in.Base, in.JSON
		view.Within = []page.Link{
			{Text: packageName(r.PullRequest), URL: in.Base + string(placeOfPackage(r.PullRequest))},
			{Text: r.PullRequest.String(), URL: in.Base + string(placeOf(r.PullRequest))},
		}
		// Beside the kept page, the page of a run lies elsewhere.
		if by := view.SupersededBy.URL; strings.HasPrefix(by, "../") {
			view.SupersededBy.URL = in.Base + string(placeOfRun(r.PullRequest, r.Number+1))
		}
		return page.Render(view)
	}
}
