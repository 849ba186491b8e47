package fedmsgtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Datagrepper serves the archive of everything ever said on this bus: GET
// /v2/search with topic, not_topic, category, start, end, delta, order, page
// and rows_per_page, and GET /v2/id with id. Other filters are answered with
// 400, where the real one knows more of them.
func (b *Bus) Datagrepper() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/search", b.search)
	mux.HandleFunc("GET /v2/id", b.byID)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var refuse bool
		b.locked(func() {
			if refuse = b.faults.refusals > 0; refuse {
				b.faults.refusals--
			}
		})
		switch {
		case refuse:
			http.Error(w, "<h1>504 Gateway Time-out</h1>", http.StatusGatewayTimeout)
		case !strings.Contains(r.Header.Get("Accept"), "application/json"):
			w.Header().Set("Content-Type", "text/html") // a page for people, without asking
			_, _ = fmt.Fprintln(w, "<!DOCTYPE html><title>datagrepper</title>")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// question is a search, understood.
type question struct {
	start, end  time.Time
	page, rows  int
	descending  bool
	topics, not []string
	categories  []string
}

func (b *Bus) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q, err := readQuestion(query, b.now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	found := b.find(q)
	pages := (len(found) + q.rows - 1) / q.rows
	from := min((q.page-1)*q.rows, len(found))
	shown := found[from:min(from+q.rows, len(found))]
	answer(w, map[string]any{
		"raw_messages": shown, "count": len(shown), "pages": pages, "total": len(found),
		"arguments": query,
	})
}

func (b *Bus) find(q question) []row {
	found := []row{}
	b.locked(func() {
		for _, r := range b.archive.rows {
			if q.takes(r) {
				found = append(found, r)
			}
		}
	})
	if q.descending {
		slices.Reverse(found)
	}
	return found
}

func (b *Bus) byID(w http.ResponseWriter, r *http.Request) {
	var found []row
	b.locked(func() {
		for _, stored := range b.archive.rows {
			if stored.ID == r.URL.Query().Get("id") {
				found = append(found, stored)
			}
		}
	})
	if len(found) == 0 {
		http.Error(w, "no message found with that id", http.StatusNotFound)
		return
	}
	answer(w, found[0])
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func readQuestion(query url.Values, now time.Time) (question, error) {
	q := question{
		page: 1, rows: 25, descending: query.Get("order") != "asc",
		topics: query["topic"], not: query["not_topic"], categories: query["category"],
	}
	known := []string{"topic", "not_topic", "category", "start", "end", "delta", "order", "page", "rows_per_page"}
	seconds := map[string]float64{}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return q, fmt.Errorf("this stand-in does not know the filter %q", name)
		}
		switch name {
		case "start", "end", "delta", "page", "rows_per_page":
			number, err := strconv.ParseFloat(values[0], 64)
			if err != nil {
				return q, fmt.Errorf("%s is not a number", name)
			}
			seconds[name] = number
		}
	}
	if page, given := seconds["page"]; given {
		q.page = int(page)
	}
	if rows, given := seconds["rows_per_page"]; given {
		q.rows = int(rows)
	}
	if q.page < 1 || q.rows < 1 || q.rows > 100 {
		return q, fmt.Errorf("page %d of %d rows: at most 100 rows a page", q.page, q.rows)
	}
	q.window(seconds, now)
	return q, nil
}

// window is what start, end and delta mean together: an end or a delta alone
// reaches back from its end, 600 s if nothing is said; nothing at all means
// everything.
func (q *question) window(seconds map[string]float64, now time.Time) {
	end, hasEnd := seconds["end"]
	start, hasStart := seconds["start"]
	delta, hasDelta := seconds["delta"]
	q.end = now
	if hasEnd {
		q.end = moment(end)
	}
	switch {
	case hasStart:
		q.start = moment(start)
		if hasDelta && !hasEnd {
			q.end = q.start.Add(time.Duration(delta * float64(time.Second)))
		}
	case hasEnd && !hasDelta:
		q.start = q.end.Add(-600 * time.Second)
	case hasDelta:
		q.start = q.end.Add(-time.Duration(delta * float64(time.Second)))
	}
}

func moment(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }

// takes tells whether a row is asked for. Topics are whole ones, never
// patterns; both ends of the window count.
func (q *question) takes(r row) bool {
	if r.sent.Before(q.start) || r.sent.After(q.end) {
		return false
	}
	if len(q.topics) > 0 && !slices.Contains(q.topics, r.Topic) || slices.Contains(q.not, r.Topic) {
		return false
	}
	if len(q.categories) == 0 {
		return true
	}
	words := strings.Split(r.Topic, ".")
	return len(words) > 3 && slices.Contains(q.categories, words[3])
}
