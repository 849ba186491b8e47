package composepage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
)

// respond puts a page into an answer.
func (s *site) respond(r *http.Request, at address, answer reply) (fn.Response, error) {
	header := http.Header{"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"}}
	if answer.move != "" {
		header.Set("Location", answer.move)
		header.Set("Cache-Control", "no-store")
		if answer.keep > 0 {
			header.Set("Cache-Control", fmt.Sprintf("max-age=%d", answer.keep))
		}
		return fn.Response{Code: answer.code, Text: "see " + answer.move, Header: header}, nil
	}
	header.Set("Cache-Control", "no-cache") // kept, and asked for each time
	header.Set("Vary", "Accept")
	header.Set("X-Frame-Options", "DENY")
	if answer.picture != "" {
		header.Set("Content-Type", "image/svg+xml")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		return fn.Response{Code: answer.code, Body: []byte(answer.picture), Header: header}, nil
	}
	html, twin, err := page.RenderSite(page.Site{
		Base: at.base, JSON: at.twin(), Query: answer.query, Section: answer.section, Home: s.Home, Refresh: answer.refresh, Made: s.Now().UTC(),
	}, answer.data)
	if err != nil {
		return fn.Response{}, err
	}
	tag := tagOf(at, twin)
	header.Set("Etag", tag)
	// What a 304 says replaces what the browser has kept of the page's header, so
	// it says nothing of the policy.
	if answer.code == http.StatusOK && fn.Has(r, tag) {
		return fn.Response{Code: http.StatusNotModified, Header: header}, nil
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

// tagOf stands for a page and what it shows. It is weak: the moment a page was
// made is on it, and does not count.
func tagOf(at address, twin []byte) string {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %q %s %t %s\x00%s", page.Version(), at.parts, at.query.Encode(), at.json, at.base, twin)
	return `W/"` + hex.EncodeToString(sum.Sum(nil)[:12]) + `"`
}
