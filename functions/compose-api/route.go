package composeapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ODCS answers 500 to both (its catch-all), with these texts.
const (
	noSuchPage = "404 Not Found: The requested URL was not found on the server. " +
		"If you entered the URL manually please check your spelling and try again."
	noSuchMethod = "405 Method Not Allowed: The method is not allowed for the requested URL."
)

// route is one thing that can be asked. The description of the API is made of
// the same list.
type route struct {
	method, path string
	// does says what it is for, and tells more about it.
	does, more string
	query      []argument
	// named tells that the caller may name his request (Idempotency-Key).
	named bool
	// body is the name of the schema of what is sent; empty: nothing is.
	body string
	// gives is the name of the schema of a good answer, code its status, and
	// media its type if that is not JSON.
	gives string
	code  int
	media string
	// refuses are the statuses of refusals.
	refuses []int
	handle  func(a api, ctx context.Context, c call) (answer, error)
}

// argument is one of a query.
type argument struct {
	name, kind, does string
	values           []string
}

const composePath = "/api/1/composes/{id}"

func routes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/1/composes/", does: "Find composes.", more: "The newest come first, if nothing else is asked for.",
			query: searchArguments(), gives: "List", code: http.StatusOK, refuses: []int{400}, handle: api.search,
		},
		{
			method: http.MethodPost, path: "/api/1/composes/", does: "Ask for a compose.",
			more:  "The same request of the same caller, or one with the same Idempotency-Key, gives the same compose for some minutes: it is safe to repeat.",
			named: true, body: "Request", gives: "Compose", code: http.StatusOK, refuses: []int{400, 401, 403, 413, 429, 503}, handle: api.post,
		},
		{
			method: http.MethodGet, path: composePath, does: "Read a compose.", more: "Send the answer's ETag as If-None-Match when polling.",
			gives: "OneCompose", code: http.StatusOK, refuses: []int{404}, handle: api.one,
		},
		{
			method: http.MethodPatch, path: composePath, does: "Let a compose live longer, or make it again.",
			more: "One that is done lives longer, under the same id. One that failed or was removed, or that is to be of other builds, modules, signing keys or " +
				"another label, is made again of the same packages, under a new id.",
			named: true, body: "Patch", gives: "Compose", code: http.StatusOK, refuses: []int{400, 401, 403, 404, 413, 429, 503}, handle: api.patch,
		},
		{
			method: http.MethodDelete, path: composePath, does: "Cancel a compose, or remove it.",
			more:  "Its owner may cancel it while it waits or is being made. Only admins remove one that is done or failed.",
			gives: "Accepted", code: http.StatusAccepted, refuses: []int{400, 401, 403, 404, 503}, handle: api.remove,
		},
		{
			method: http.MethodGet, path: "/api/1/about/", does: "Tell about this server.", more: "Who may do what is told to those it concerns.",
			gives: "About", code: http.StatusOK, handle: api.about,
		},
		{
			method: http.MethodGet, path: "/api/1/metrics/", does: "Give numbers for Prometheus.",
			gives: "text", code: http.StatusOK, media: metricsType, handle: api.metrics,
		},
		{
			method: http.MethodGet, path: "/api/1/openapi.json", does: "Describe this API, as OpenAPI.",
			gives: "object", code: http.StatusOK, handle: api.openAPI,
		},
		{
			method: http.MethodGet, path: "/api/1/", does: "Tell people where to look.",
			gives: "text", code: http.StatusOK, media: htmlType, handle: api.page,
		},
		{
			method: http.MethodGet, path: "/", does: "Tell people where to look.",
			gives: "text", code: http.StatusOK, media: htmlType, handle: api.page,
		},
	}
}

// find gives the route of a request, or how to refuse it. All paths are good
// with a slash at the end and without: nobody is redirected, because some
// clients do not follow and others make a GET of it.
func find(r *http.Request) (route, call, *answer) {
	var methods []string
	for _, route := range routes() {
		id, ok := match(route.path, r.URL.Path)
		if !ok {
			continue
		}
		if route.method == r.Method || route.method == http.MethodGet && r.Method == http.MethodHead {
			return route, call{r, id, new(string)}, nil
		}
		methods = append(methods, route.method)
	}
	if methods == nil {
		a := refused(http.StatusNotFound, noSuchPage, "")
		return route{}, call{}, &a
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	slices.Sort(methods)
	a := refused(http.StatusMethodNotAllowed, noSuchMethod, "")
	if r.Method == http.MethodOptions {
		a = answer{code: http.StatusOK, body: []byte{}, media: "text/html; charset=utf-8"}
	}
	a.header = http.Header{"Allow": {strings.Join(methods, ", ")}}
	return route{}, call{}, &a
}

// match tells whether path is of the form of pattern, and the number in it.
func match(pattern, path string) (int64, bool) {
	pattern, path = strings.TrimSuffix(pattern, "/"), strings.TrimSuffix(path, "/")
	before, _, numbered := strings.Cut(pattern, "{id}")
	if !numbered {
		return 0, pattern == path
	}
	text, ok := strings.CutPrefix(path, before)
	if !ok || text == "" || len(text) > 18 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}
