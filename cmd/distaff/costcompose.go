package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	used "github.com/distaff-project/distaff/shared/usage"
)

// composesBill is what composes took. Theirs is what the functions did that have
// to do with nothing else.
type composesBill struct {
	// Made have files of their own, Shared those of another; Failed failed or were
	// canceled, Open are not over yet.
	Made   int `json:"made"`
	Shared int `json:"shared"`
	Failed int `json:"failed"`
	Open   int `json:"open"`
	// Packages is how many RPMs those list that are done.
	Packages int     `json:"packages"`
	Requests int64   `json:"requests"`
	Cost     float64 `json:"cost"`
}

// All is how many were asked for.
func (c composesBill) All() int { return c.Made + c.Shared + c.Failed + c.Open }

// pageMost is how many composes are asked for at once.
const pageMost = 500

// readComposes reads the composes that were asked for since a time, the newest
// first.
func (s *spent) readComposes(ctx context.Context, files used.Files, since time.Time, most int) error {
	list := index.NewList(files, func(ctx context.Context, id int64) (c compose.Compose, err error) {
		object, err := files.Get(ctx, compose.DocumentPrefix+strconv.FormatInt(id, 10)+".json")
		if err == nil {
			err = json.Unmarshal(object.Body, &c)
		}
		return c, err
	})
	query := index.Query{Descending: true, Take: pageMost}
	for len(s.composes) < most {
		page, err := list.Find(ctx, query)
		if err != nil {
			return fmt.Errorf("read the composes: %w", err)
		}
		for _, c := range page.Composes {
			if c.Submitted.Before(since) {
				return nil
			}
			s.composes = append(s.composes, c)
		}
		if len(page.Composes) < pageMost {
			return nil
		}
		query.Skip += pageMost
	}
	s.note("only the newest %d composes were read; --most %d reads more", len(s.composes), 10*most)
	return nil
}

// composesOf adds up composes, with what their functions cost.
func composesOf(all []compose.Compose, functions []functionRow) composesBill {
	var b composesBill
	for _, c := range all {
		switch {
		case c.State == compose.Failed, c.State == compose.Removed && c.Done.IsZero():
			b.Failed++
		case c.Done.IsZero():
			b.Open++
		case c.Dir != 0:
			b.Shared++
			b.Packages += c.Packages
		default:
			b.Made++
			b.Packages += c.Packages
		}
	}
	for _, f := range functions {
		if strings.Contains(f.Function, "compose") {
			b.Requests += f.Requests()
			b.Cost += f.Cost
		}
	}
	return b
}

func (b *bill) composeRows() [][]string {
	c := b.Composes
	if c.All() == 0 {
		return nil
	}
	return [][]string{
		{"composes", count(float64(c.Made)) + " made", count(float64(c.Shared)) + " shared", b.price(c.Cost)},
		{"", count(float64(c.Requests)) + " requests", count(float64(c.Failed)) + " failed", ""},
	}
}
