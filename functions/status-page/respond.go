package statuspage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
)

// respond puts a page into an answer. One the caller has already is not made.
func (s site) respond(r *http.Request, at address, answer reply) (fn.Response, error) {
	if answer.move != "" {
		to := at.base + string(answer.move)
		if at.json && !strings.HasSuffix(to, "/") {
			to += jsonSuffix
		}
		return fn.Response{Code: http.StatusSeeOther, Text: "see " + to, Header: http.Header{"Location": {to}, "Cache-Control": {"no-store"}}}, nil
	}
	header := http.Header{
		"Cache-Control": {"no-cache"}, // kept, and asked for each time
		"Etag":          {tag(at, answer)},
		"Vary":          {"Accept"},
	}
	// What a 304 says replaces what the browser has kept of the page's header, so
	// it says nothing of the policy.
	if answer.code == http.StatusOK && fn.Has(r, header.Get("Etag")) {
		return fn.Response{Code: http.StatusNotModified, Header: header}, nil
	}
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	if answer.picture != nil {
		header.Set("Content-Type", "image/svg+xml")
		// A picture opened by itself may style itself, and nothing else.
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		return fn.Response{Code: answer.code, Body: answer.picture, Header: header}, nil
	}
	html, twin, err := answer.make(page.Site{
		Base: at.base, JSON: at.twin(), Query: answer.query, Section: answer.section, Refresh: answer.refresh, Made: s.Now().UTC(),
	})
	if err != nil {
		return fn.Response{}, err
	}
	if at.json {
		header.Set("Content-Type", "application/json")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		return fn.Response{Code: answer.code, Body: twin, Header: header}, nil
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", page.Policy(html)+"; frame-ancestors 'none'")
	return fn.Response{Code: answer.code, Body: html, Header: header}, nil
}

// tag stands for a page and what it is made of. It is weak: the moment a page
// was made is on it, and does not count.
func tag(at address, answer reply) string {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %q %q %t %s", page.Version(), at.parts, at.query, at.json, at.base)
	for _, t := range answer.tags {
		_, _ = io.WriteString(sum, "\x00"+t)
	}
	return `W/"` + hex.EncodeToString(sum.Sum(nil)[:12]) + `"`
}
