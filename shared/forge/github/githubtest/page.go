package githubtest

import (
	"context"
	"html/template"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/forge/gittest"
)

// git serves a repository. Who pushes needs a token as password.
func (s *Server) git(w http.ResponseWriter, r *http.Request, path, rest string) {
	user, _, known := s.who(r)
	push := gittest.IsPush(r, rest)
	if push && (!known || user == "") {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "a push needs a token", http.StatusUnauthorized)
		return
	}
	if !push || r.Method != http.MethodPost {
		s.repos.Serve(w, r, path, rest, user)
		return
	}
	before, err := s.repos.Branches(r.Context(), path)
	if err != nil {
		http.Error(w, "there is no such repository", http.StatusNotFound)
		return
	}
	s.repos.Serve(w, r, path, rest, user)
	// The pusher has their answer; what follows is told to those who listen.
	_ = s.pushed(context.WithoutCancel(r.Context()), user, path, before)
}

const onePage = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{{.Q.Repo}}#{{.Q.Number}}</title></head><body>
<h1>{{.Q.Title}} <small>{{.Q.Repo}}#{{.Q.Number}}</small></h1>
<p>{{if .Q.Merged}}Merged{{else if .Q.Open}}Open{{else}}Closed{{end}}: {{.Q.User}} wants to merge {{.Q.Source}} of {{.Q.From}} into {{.Q.Branch}}, at <code>{{.Q.Head}}</code>.</p>
<h2>Checks</h2><table>{{range .Runs}}<tr><td><a href="{{.DetailsURL}}">{{.Name}}</a></td><td>{{.Status}} {{.Conclusion}}</td><td>{{.Output.Title}}</td></tr>
{{end}}{{range .Statuses}}<tr><td><a href="{{.TargetURL}}">{{.Context}}</a></td><td>{{.State}}</td><td>{{.Description}}</td></tr>
{{end}}</table></body></html>
`

// page shows people a pull request: /OWNER/NAME/pull/NUMBER.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) != 4 || parts[2] != "pull" {
		http.NotFound(w, r)
		return
	}
	repo := parts[0] + "/" + parts[1]
	s.mu.Lock()
	q := s.find(repo, parts[3])
	var shown request
	if q != nil {
		shown = *q
	}
	s.mu.Unlock()
	if q == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = template.Must(template.New("page").Parse(onePage)).Execute(w, map[string]any{
		"Q": shown, "Runs": s.CheckRuns(repo, shown.Head), "Statuses": s.Statuses(repo, shown.Head),
	})
}
