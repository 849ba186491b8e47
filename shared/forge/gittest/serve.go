package gittest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"strings"
)

// maxPush is the largest pack taken.
const maxPush = 64 << 20

// IsPush tells whether req, about rest of a repository's address, is (or is
// going to be) a push.
func IsPush(req *http.Request, rest string) bool {
	return rest == "git-receive-pack" || req.URL.Query().Get("service") == "git-receive-pack"
}

// Split cuts the path of a request to a repository (/rpms/bash.git/info/refs)
// into the repository's and what is asked of it.
func Split(path string) (repo, rest string, ok bool) {
	repo, rest, ok = strings.Cut(strings.TrimPrefix(path, "/"), ".git/")
	return repo, rest, ok
}

// Serve answers a request of git. path is the repository, rest what is asked
// of it (info/refs); user is who asks. Whether they may push is the caller's
// to know.
func (r *Repos) Serve(w http.ResponseWriter, req *http.Request, path, rest, user string) {
	if !r.Exists(path) {
		http.Error(w, "there is no such repository", http.StatusNotFound)
		return
	}
	again := req.Clone(req.Context())
	again.URL.Path = "/" + path + ".git/" + rest
	if req.ContentLength < 0 { // git pushes in chunks, and CGI knows none
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxPush))
		if err != nil {
			http.Error(w, "it is too large", http.StatusRequestEntityTooLarge)
			return
		}
		again.Body, again.ContentLength, again.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	env := append([]string{"GIT_PROJECT_ROOT=" + r.root, "GIT_HTTP_EXPORT_ALL=1"}, r.env...)
	if user != "" {
		env = append(env, "REMOTE_USER="+user)
	}
	backend := cgi.Handler{
		Path: r.git, Args: []string{"http-backend"}, Root: "", Dir: r.root, Env: env,
		Logger: nil, Stderr: io.Discard,
	}
	backend.ServeHTTP(w, again)
}

// Root is the folder the repositories are in.
func (r *Repos) Root() string { return r.root }

// Remove deletes a repository.
func (r *Repos) Remove(path string) error {
	if !r.Exists(path) {
		return ErrMissing
	}
	return os.RemoveAll(filepath.Clean(r.dir(path)))
}
