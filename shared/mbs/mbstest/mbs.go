// Package mbstest is a Module Build Service small enough to run beside a test: it
// answers which modules were built.
package mbstest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Module is a build of a module.
type Module struct {
	Name, Stream, Version, Context string
	State                          int // 5 is ready, 3 done
	KojiTag                        string
	// Base is what it was built against, with its stream's version.
	BaseName, BaseStream string
	BaseVersion          int64
	// Modulemd is its document. Empty: one that requires Requires is made.
	Modulemd string
	Requires map[string][]string
}

// Server answers as the service does: filters, order, pages of ten where no size
// is asked for.
type Server struct {
	mu      sync.Mutex
	modules []Module
	fails   []int
	asked   []string
}

// New gives a service that knows modules.
func New(modules ...Module) *Server { return &Server{modules: modules} }

// Add makes a module known, as when its build ends.
func (s *Server) Add(m Module) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modules = append(s.modules, m)
}

// Fail lets the next n questions be answered with a status.
func (s *Server) Fail(n, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = append(s.fails, slices.Repeat([]int{code}, n)...)
}

// Asked are the queries so far.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP answers GET …/1/module-builds/ and …/1/module-builds/<id>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RawQuery)
	_, path, found := strings.Cut(r.URL.Path, "/1/module-builds/")
	switch {
	case len(s.fails) > 0:
		code := s.fails[0]
		s.fails = s.fails[1:]
		answer(w, code, map[string]any{"error": http.StatusText(code), "message": "as asked for", "status": code})
	case !found || r.Method != http.MethodGet:
		answer(w, http.StatusNotFound, map[string]any{"error": "Not Found", "message": "no such page", "status": 404})
	case path != "":
		id, err := strconv.Atoi(path)
		if err != nil || id < 1 || id > len(s.modules) {
			answer(w, http.StatusNotFound, map[string]any{"error": "Not Found", "message": "No such module found.", "status": 404})
			return
		}
		answer(w, http.StatusOK, s.modules[id-1].json(id))
	default:
		s.list(w, r)
	}
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var ids []int
	for i, m := range s.modules {
		if m.matches(q.Get("nsvc"), q["state"]) && m.builtOn(q.Get) {
			ids = append(ids, i+1)
		}
	}
	if q.Get("order_desc_by") == "version" {
		slices.SortStableFunc(ids, func(a, b int) int {
			return cmp.Compare(number(s.modules[b-1].Version), number(s.modules[a-1].Version))
		})
	}
	page, size := max(1, number(q.Get("page"))), number(q.Get("per_page"))
	if size <= 0 {
		size = 10
	}
	total := len(ids)
	pages := (total + size - 1) / size
	items := []any{}
	for _, id := range ids[min(total, (page-1)*size):min(total, page*size)] {
		if strings.EqualFold(q.Get("verbose"), "true") {
			items = append(items, s.modules[id-1].json(id))
		} else {
			items = append(items, map[string]any{"id": id, "state": s.modules[id-1].State})
		}
	}
	answer(w, http.StatusOK, map[string]any{
		"items": items, "meta": map[string]any{"page": page, "pages": pages, "per_page": size, "total": total},
	})
}

func (m Module) matches(nsvc string, states []string) bool {
	for i, part := range strings.Split(nsvc, ":") {
		if nsvc != "" && (i > 3 || part != []string{m.Name, m.Stream, m.Version, m.Context}[i]) {
			return false
		}
	}
	return len(states) == 0 || slices.Contains(states, strconv.Itoa(m.State))
}

func (m Module) builtOn(get func(string) string) bool {
	name, stream := get("base_module_br_name"), get("base_module_br_stream")
	least, most := get("base_module_br_stream_version_gte"), get("base_module_br_stream_version_lte")
	return (name == "" || name == m.BaseName) && (stream == "" || stream == m.BaseStream) &&
		(least == "" || m.BaseVersion >= int64(number(least))) && (most == "" || m.BaseVersion <= int64(number(most)))
}

// Message is the body of the message that the service sends about build id,
// counted from 1.
func (s *Server) Message(id int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := json.Marshal(s.modules[id-1].json(id))
	if err != nil {
		panic(err) // a map of strings and numbers
	}
	return raw
}

func (m Module) json(id int) map[string]any {
	names := map[int]string{0: "init", 1: "wait", 2: "build", 3: "done", 4: "failed", 5: "ready", 6: "garbage"}
	base := []any{}
	if m.BaseName != "" {
		base = append(base, map[string]any{"name": m.BaseName, "stream": m.BaseStream, "stream_version": float64(m.BaseVersion)})
	}
	return map[string]any{
		"id": id, "name": m.Name, "stream": m.Stream, "version": m.Version, "context": m.Context, "state": m.State,
		"state_name": names[m.State], "koji_tag": m.KojiTag, "modulemd": m.document(), "base_module_buildrequires": base,
	}
}

func (m Module) document() string {
	if m.Modulemd != "" {
		return m.Modulemd
	}
	requires, err := json.Marshal(m.Requires)
	if err != nil {
		panic(err) // a map of strings
	}
	if m.Requires == nil {
		requires = []byte("{}")
	}
	return fmt.Sprintf(`---
document: modulemd
version: 2
data:
  name: %s
  stream: "%s"
  version: %s
  context: %s
  summary: %[1]s
  description: %[1]s
  license:
    module: [MIT]
  dependencies:
  - requires: %[5]s
...
`, m.Name, m.Stream, m.Version, m.Context, requires)
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // the real one takes what is no number for its default, too
	return n
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
