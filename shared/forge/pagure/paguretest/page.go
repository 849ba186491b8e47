package paguretest

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// page answers people: a list of all pull requests, one with its flags, and
// files as they are.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		s.show(w, frontPage, s.overview())
		return
	}
	project, rest := s.split(strings.TrimPrefix(r.URL.Path, "/"))
	switch {
	case project != "" && len(rest) >= 4 && rest[0] == "raw" && rest[2] == "f":
		s.raw(w, r, project, rest[1], strings.Join(rest[3:], "/"))
	case project != "" && len(rest) == 2 && rest[0] == "pull-request":
		number, _ := strconv.Atoi(rest[1])
		view, ok := s.view(project, number)
		if !ok {
			notFound(w)
			return
		}
		s.show(w, onePage, view)
	default:
		notFound(w)
	}
}

// raw gives a file of a branch or commit. Who has no such file is told so in HTML.
func (s *Server) raw(w http.ResponseWriter, r *http.Request, project, ref, name string) {
	commit, err := s.repos.Resolve(r.Context(), repoOf(project), ref)
	if err != nil {
		notFound(w)
		return
	}
	content, err := s.repos.Read(r.Context(), repoOf(project), commit, name)
	if err != nil {
		notFound(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content)
}

func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<!DOCTYPE html>\n<html lang='en'><head><title>Page not found :'( - Pagure</title></head><body>Page not found</body></html>\n"))
}

type view struct {
	Project, Branch, From, FromBranch string
	Number                            int
	Title, Text, User, Status, Head   string
	Flags                             []Flag
	Comments                          []*comment
}

func (s *Server) view(project string, number int) (view, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.find(project, number)
	if q == nil {
		return view{}, false
	}
	v := view{
		Project: q.Project, Branch: q.Branch, From: q.From, FromBranch: q.FromBranch, Number: q.ID,
		Title: q.Title, Text: q.Text, User: q.User, Status: q.Status, Head: q.Stop, Comments: slices.Clone(q.Comments),
	}
	for _, f := range s.state.Flags[q.Stop] {
		v.Flags = append(v.Flags, f.Flag)
	}
	return v, true
}

func (s *Server) overview() []view {
	s.mu.Lock()
	var all [][2]any
	for project, list := range s.state.Requests {
		for _, q := range list {
			all = append(all, [2]any{project, q.ID})
		}
	}
	s.mu.Unlock()
	var views []view
	for _, at := range all {
		project, _ := at[0].(string)
		number, _ := at[1].(int)
		if v, ok := s.view(project, number); ok {
			views = append(views, v)
		}
	}
	slices.SortFunc(views, func(a, b view) int {
		if c := strings.Compare(a.Project, b.Project); c != 0 {
			return c
		}
		return b.Number - a.Number
	})
	return views
}

func (s *Server) show(w http.ResponseWriter, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = template.Must(template.New("page").Parse(style+page)).Execute(w, data)
}

const style = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}
.success{color:#176b2c}.failure,.error{color:#b00020}.pending,.canceled{color:#555}code{background:#f2f2f2;padding:0 .2em}</style>`

const frontPage = `<title>Pull requests</title></head><body>
<h1>Pull requests</h1><table><tr><th>Pull request</th><th>Title</th><th>Status</th><th>Flags</th></tr>
{{range .}}<tr><td><a href="/{{.Project}}/pull-request/{{.Number}}">{{.Project}}#{{.Number}}</a></td><td>{{.Title}}</td><td>{{.Status}}</td>
<td>{{range .Flags}}<span class="{{.Status}}" title="{{.Name}}: {{.Comment}}">{{.Status}}</span> {{end}}</td></tr>
{{else}}<tr><td colspan="4">There is none yet.</td></tr>{{end}}</table></body></html>
`

const onePage = `<title>{{.Project}}#{{.Number}}</title></head><body>
<p><a href="/">All pull requests</a></p><h1>{{.Title}} <small>{{.Project}}#{{.Number}}</small></h1>
<p><b>{{.Status}}</b>: {{.User}} wants to merge <code>{{.FromBranch}}</code> of {{.From}} into <code>{{.Branch}}</code>, at <code>{{.Head}}</code>.</p>
{{with .Text}}<p style="white-space:pre-wrap">{{.}}</p>{{end}}
<h2>Flags</h2><table><tr><th>Check</th><th>State</th><th>Result</th></tr>
{{range .Flags}}<tr><td><a href="{{.URL}}">{{.Name}}</a></td><td class="{{.Status}}">{{.Status}}{{if .Percent}} ({{.Percent}}%){{end}}</td><td>{{.Comment}}</td></tr>
{{else}}<tr><td colspan="3">There is none yet.</td></tr>{{end}}</table>
<h2>Comments</h2>{{range .Comments}}<p><b>{{.User}}</b>{{if .Notification}} (notification){{end}}: <span style="white-space:pre-wrap">{{.Text}}</span></p>{{else}}<p>There is none yet.</p>{{end}}
</body></html>
`
