package logintest

import (
	"net/http"
	"strconv"
	"strings"
)

// FAS is FASJSON's GET /v1/users/<user>/groups/, with pages as it has them.
type FAS struct {
	// Groups are the groups of each user it knows.
	Groups map[string][]string
	// Allow reports whether a caller may ask. Nil: everybody.
	Allow func(*http.Request) bool
	// PageMost bounds the size of a page. 0 is no bound.
	PageMost int
}

// ServeHTTP implements http.Handler.
func (f *FAS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, ok := strings.CutPrefix(r.URL.Path, "/v1/users/")
	user, found := strings.CutSuffix(user, "/groups/")
	switch {
	case f.Allow != nil && !f.Allow(r):
		w.Header().Set("WWW-Authenticate", "Negotiate")
		http.Error(w, "no", http.StatusUnauthorized)
		return
	case !ok || !found || r.Method != http.MethodGet:
		http.NotFound(w, r)
		return
	}
	groups, known := f.Groups[user]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		reply(w, map[string]any{"name": user, "message": "User does not exist"})
		return
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
	number, _ := strconv.Atoi(r.URL.Query().Get("page_number"))
	if f.PageMost > 0 && (size == 0 || size > f.PageMost) {
		size = f.PageMost
	}
	answer := map[string]any{}
	if size > 0 {
		number = max(number, 1)
		total := len(groups)
		answer["page"] = map[string]any{
			"total_results": total, "page_size": size, "page_number": number, "total_pages": (total + size - 1) / size,
		}
		groups = groups[min(total, (number-1)*size):min(total, number*size)]
	}
	items := []map[string]string{}
	for _, group := range groups {
		items = append(items, map[string]string{"groupname": group, "uri": "http://" + r.Host + "/v1/groups/" + group + "/"})
	}
	answer["result"] = items
	reply(w, answer)
}
