package kojitest

import (
	"html/template"
	"net/http"
	"os"
	"strconv"

	"github.com/distaff-project/distaff/shared/koji"
)

// serveTask is the page of a task: what it is, what it made, what it wrote.
func (s *Server) serveTask(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.URL.Query().Get("taskID"), 10, 64)
	s.mu.Lock()
	t := s.tasks[id]
	if t == nil {
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	data := map[string]any{
		"ID": t.id, "Method": t.method, "Arch": t.arch, "State": t.state.String(), "Owner": t.owner.name,
		"Parent": t.parent, "Request": t.request, "Fault": t.fault,
		"Folder": "/kojifiles/" + koji.TaskPath(koji.TaskID(t.id)) + "/",
	}
	var children []map[string]any
	for _, child := range t.children {
		children = append(children, map[string]any{
			"ID": child.id, "Method": child.method, "Arch": child.arch, "State": child.state.String(),
		})
	}
	s.mu.Unlock()
	data["Children"] = children
	var files []string
	entries, _ := os.ReadDir(s.taskDir(id))
	for _, entry := range entries {
		files = append(files, entry.Name())
	}
	data["Files"] = files
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = taskPage().Execute(w, data)
}

func taskPage() *template.Template {
	return template.Must(template.New("task").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Task {{.ID}}</title>
<h1>{{.Method}} ({{.Arch}}): {{.State}}</h1>
<p>Task {{.ID}} of {{.Owner}}{{if .Parent}}, part of <a href="?taskID={{.Parent}}">{{.Parent}}</a>{{end}}, in the local Koji.</p>
{{with .Fault}}<pre>{{.Error}}</pre>{{end}}
<ul>{{range .Request}}<li>{{.}}</li>{{end}}</ul>
{{if .Children}}<h2>Children</h2><ul>{{range .Children}}<li><a href="?taskID={{.ID}}">{{.Method}} ({{.Arch}})</a>: {{.State}}</li>{{end}}</ul>{{end}}
{{if .Files}}<h2>Output</h2><ul>{{$folder := .Folder}}{{range .Files}}<li><a href="{{$folder}}{{.}}">{{.}}</a></li>{{end}}</ul>{{end}}
</html>
`))
}
