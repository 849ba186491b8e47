package composepage

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/page"
)

const (
	jsonSuffix = ".json"
	// pathMost and queryMost bound what is read of an address, in bytes.
	pathMost  = 2000
	queryMost = 500
)

// address is what of the pages is asked for.
type address struct {
	parts []string
	query url.Values
	json  bool
	// slash tells that there is a slash at the end, base leads from there to the
	// list of composes, and self is the last part as it was written.
	slash      bool
	base, self string
}

// parseAddress reads the address of a request. Whatever it says, at most it
// names a page that is not there.
func parseAddress(r *http.Request) address {
	raw := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	path := strings.TrimPrefix(r.URL.Path, "/")
	a := address{base: "./", query: url.Values{}}
	if n := strings.Count(raw, "/"); n > 0 && n < pathMost {
		a.base = strings.Repeat("../", n)
	}
	if values, err := url.ParseQuery(r.URL.RawQuery); err == nil {
		for _, key := range []string{"q", "p", "page", "owner", "status", "type", "source", "all"} {
			if text := strings.TrimSpace(values.Get(key)); text != "" && len(text) <= queryMost {
				a.query.Set(key, text)
			}
		}
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	a.json = strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
	if len(path) > pathMost {
		a.parts = []string{"too long"}
		return a
	}
	a.self = raw[strings.LastIndexByte(raw, '/')+1:]
	path, a.slash = strings.CutSuffix(path, "/")
	if path != "" {
		a.parts = strings.Split(path, "/")
	}
	if a.part(0) == "composes" { // as in the bucket
		a.parts = a.parts[1:]
	}
	if a.inside() {
		return a
	}
	last := len(a.parts) - 1
	if cut, ok := strings.CutSuffix(a.part(last), jsonSuffix); ok && !a.slash {
		a.parts[last], a.json = cut, true
		a.self = strings.TrimSuffix(a.self, jsonSuffix)
	}
	if len(a.parts) == 1 && a.parts[0] == "index" {
		a.parts = nil
	}
	return a
}

func (a address) part(i int) string {
	if i < 0 || i >= len(a.parts) {
		return ""
	}
	return a.parts[i]
}

var (
	directory = regexp.MustCompile(`^odcs-([1-9][0-9]{0,17})$`)
	pointer   = regexp.MustCompile(`^latest-([A-Za-z0-9._+-]{1,100})$`)
)

// inside tells whether something in a compose is meant, and not a page about
// it.
func (a address) inside() bool {
	return directory.MatchString(a.part(0)) || pointer.MatchString(a.part(0))
}

// twin is where the same is as JSON, seen from the page.
func (a address) twin() string {
	query := ""
	if len(a.query) > 0 {
		query = "?" + a.query.Encode()
	}
	switch {
	case a.json || a.inside():
		return ""
	case len(a.parts) == 0:
		return "./index" + jsonSuffix + query
	case a.self == "" || strings.ContainsAny(a.self, ":%"):
		return ""
	}
	return "./" + a.self + jsonSuffix + query
}

// number reads a number from 1 on; 0: it is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0
	}
	return n
}

func placeOf(id int64) page.Place { return page.Place(strconv.FormatInt(id, 10)) }

func placeOfRule(name string) page.Place { return page.Place("rules/" + url.PathEscape(name)) }

// placeOfFiles is the directory of a compose, or something in it.
func placeOfFiles(dir int64, parts ...string) page.Place {
	at := "odcs-" + strconv.FormatInt(dir, 10) + "/"
	for _, part := range parts {
		at += url.PathEscape(part) + "/"
	}
	return page.Place(at)
}

// with is a place with other arguments.
func with(at page.Place, pairs ...string) page.Place {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return at
	}
	return at + page.Place("?"+values.Encode())
}

// pager leads to the pages beside one of several.
func pager(at page.Place, query url.Values, now, total, perPage int) page.Pager {
	p := page.Pager{Page: now, Pages: max(1, (total+perPage-1)/perPage)}
	link := func(n int) page.Place {
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(query)) {
			if key != "page" {
				pairs = append(pairs, key, query.Get(key))
			}
		}
		if n > 1 {
			pairs = append(pairs, "page", strconv.Itoa(n))
		}
		return with(at, pairs...)
	}
	if now > 1 {
		p.Prev = link(min(now-1, p.Pages))
		if p.Prev == "" {
			p.Prev = "./"
		}
	}
	if now < p.Pages {
		p.Next = link(now + 1)
	}
	return p
}

func pageOf(a address) int {
	const most = 1_000_000
	return int(min(max(number(a.query.Get("page")), 1), most))
}
