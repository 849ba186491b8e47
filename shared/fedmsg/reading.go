package fedmsg

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	mostRows = 100 // datagrepper answers 400 to more
	fewRows  = 10  // asked for when it chokes on mostRows
)

// reading walks through one window of the archive.
type reading struct {
	archive Archive
	topics  []string
	start   time.Time // what the page numbers count from
	window  Window    // From moves forward with what was handed over
	page    func([]Message) error
	pages   *int // how many more may be read
	seen    map[string]bool
}

// found is an answer of /v2/search.
type found struct {
	Rows  []json.RawMessage `json:"raw_messages"`
	Pages int               `json:"pages"`
}

// read goes up the pages. A row stored late shifts later rows to higher
// places, never to lower ones, so nothing is missed that was there when the
// walk began; what is seen twice is dropped by its id.
func (r *reading) read(ctx context.Context) error {
	rows := mostRows
	for number := 1; ; number++ {
		if *r.pages == 0 {
			return errors.New("more pages than one call may read")
		}
		*r.pages--
		answer, err := r.fetch(ctx, number, rows)
		if err != nil {
			if rows == fewRows || ctx.Err() != nil {
				return err
			}
			// Too large or too slow: on from where we are, in smaller steps.
			rows, number, r.start = fewRows, 0, r.window.From
			continue
		}
		if err := r.hand(ctx, answer.Rows); err != nil {
			return err
		}
		if number >= answer.Pages || len(answer.Rows) == 0 {
			return nil
		}
	}
}

func (r *reading) fetch(ctx context.Context, number, rows int) (found, error) {
	query := url.Values{
		"topic":         r.topics,
		"start":         {strconv.FormatInt(r.start.Unix(), 10)},
		"end":           {strconv.FormatInt(r.window.To.Unix(), 10)},
		"order":         {"asc"},
		"page":          {strconv.Itoa(number)},
		"rows_per_page": {strconv.Itoa(rows)},
	}
	address := strings.TrimRight(r.archive.Base, "/") + "/v2/search?" + query.Encode()
	var answer found
	err := r.archive.client().JSON(ctx, http.MethodGet, address, nil, &answer)
	return answer, err
}

// hand gives the rows not seen before to page, and only then moves From.
func (r *reading) hand(ctx context.Context, rows []json.RawMessage) error {
	var fresh []Message
	reached := r.window.From
	for _, raw := range rows {
		m, err := Decode(raw)
		if err != nil {
			if err := r.setAside(ctx, raw, err); err != nil {
				return err
			}
			continue
		}
		if m.Sent.After(reached) && !m.Sent.After(r.window.To) {
			reached = m.Sent.Truncate(time.Second)
		}
		if r.seen[m.ID] || !slices.Contains(r.topics, m.Topic) {
			continue
		}
		r.seen[m.ID] = true
		fresh = append(fresh, m)
	}
	if len(fresh) > 0 {
		if err := r.page(fresh); err != nil {
			return err
		}
	}
	r.window.From = reached
	return nil
}

func (r *reading) setAside(ctx context.Context, raw []byte, reason error) error {
	if r.archive.SetAside == nil {
		return reason
	}
	var s serialized
	_ = json.Unmarshal(raw, &s) // as much as can be read
	headers, _ := decodeHeaders(s.Headers)
	return r.archive.SetAside(ctx, Malformed{ID: s.ID, Topic: s.Topic, Headers: headers, Body: raw, Reason: reason})
}
