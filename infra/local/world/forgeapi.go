package world

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
)

// Developer is who a person at this machine is on the forge, and in Koji, where
// the user may tag; the token, which is the password too, lies in keys/developer.
const Developer = "dev"

// forgeMost is the largest call taken, in bytes.
const forgeMost = 64 << 10

// forgeAPI puts before the Pagure those calls of its API by which people work
// with it and distaff does not: to make a project, a fork, a pull request
// (https://src.fedoraproject.org/api/0/). The rest is for git push.
func (w *World) forgeAPI(token string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", w.Forge)
	for pattern, call := range map[string]func(context.Context, *http.Request) (any, error){
		"POST /api/0/new":  w.newProject,
		"POST /api/0/fork": w.newFork,
		"POST /api/0/{namespace}/{repo}/pull-request/new": w.newPullRequest,
	} {
		mux.HandleFunc(pattern, func(out http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(out, r.Body, forgeMost)
			if r.Header.Get("Authorization") != "token "+token {
				reply(out, http.StatusUnauthorized, map[string]string{"error_code": "EINVALIDTOK", "error": "Invalid or expired token"})
				return
			}
			answer, err := call(r.Context(), r)
			if err != nil {
				reply(out, http.StatusBadRequest, map[string]string{"error_code": "EINVALIDREQ", "error": err.Error()})
				return
			}
			reply(out, http.StatusOK, answer)
		})
	}
	return mux
}

func reply(out http.ResponseWriter, code int, answer any) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(code)
	_ = json.NewEncoder(out).Encode(answer)
}

func (w *World) newProject(ctx context.Context, r *http.Request) (any, error) {
	path, err := project(r.PostFormValue("namespace"), r.PostFormValue("name"))
	if err != nil {
		return nil, err
	}
	readme := map[string]string{"README.md": "# " + r.PostFormValue("name") + "\n"}
	if _, err := w.Forge.CreateRepo(ctx, path, readme); err != nil {
		return nil, err
	}
	return map[string]string{"message": fmt.Sprintf("Project %q created", path)}, nil
}

func (w *World) newFork(ctx context.Context, r *http.Request) (any, error) {
	path, err := project(r.PostFormValue("namespace"), r.PostFormValue("repo"))
	if err != nil {
		return nil, err
	}
	fork, err := w.Forge.Fork(ctx, Developer, path)
	if err != nil {
		return nil, err
	}
	return map[string]string{"message": fmt.Sprintf("Repo %q cloned to %q", path, strings.TrimPrefix(fork, "fork/"))}, nil
}

func (w *World) newPullRequest(ctx context.Context, r *http.Request) (any, error) {
	path, err := project(r.PathValue("namespace"), r.PathValue("repo"))
	if err != nil {
		return nil, err
	}
	from := path
	if user := r.PostFormValue("repo_from_username"); user != "" {
		from = "fork/" + user + "/" + path
	}
	n, err := w.Forge.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: Developer, Repo: path, From: from, Branch: r.PostFormValue("branch_to"),
		SourceBranch: r.PostFormValue("branch_from"), Title: r.PostFormValue("title"), Text: r.PostFormValue("initial_comment"),
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": n, "full_url": fmt.Sprintf("%s/%s/pull-request/%d", w.Addresses.Forge, path, n)}, nil
}

func project(namespace, name string) (string, error) {
	path := namespace + "/" + name
	if err := forge.CheckRepo(path); err != nil {
		return "", err
	}
	return path, nil
}
