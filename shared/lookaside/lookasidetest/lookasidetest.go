// Package lookasidetest is a lookaside cache over a folder, laid out as
// Fedora's is, for tests and for a local run.
package lookasidetest

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/shared/lookaside"
)

// Cache serves /repo/pkgs/<namespace>/<package>/<file>/<type>/<sum>/<file>.
type Cache struct {
	dir   string
	serve http.Handler
}

// New makes a Cache that keeps its files in dir.
func New(dir string) *Cache {
	return &Cache{dir: dir, serve: http.FileServer(http.Dir(dir))}
}

// Form is the address to give lookaside.New for a Cache served at base.
func Form(base string) string {
	return strings.TrimSuffix(base, "/") + "/repo/pkgs/{name}/{file}/{type}/{sum}/{file}"
}

// Put stores a file of a package and gives the line for "sources".
func (c *Cache) Put(name, file string, content []byte) (lookaside.Source, error) {
	sum := sha512.Sum512(content)
	s := lookaside.Source{File: file, Type: "sha512", Sum: hex.EncodeToString(sum[:])}
	if _, err := lookaside.Parse([]byte(s.String())); err != nil {
		return s, err
	}
	dir := filepath.Join(c.dir, filepath.FromSlash(name), file, s.Type, s.Sum)
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return s, fmt.Errorf("%q is no name of a package", name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return s, fmt.Errorf("store %s: %w", file, err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
		return s, fmt.Errorf("store %s: %w", file, err)
	}
	return s, nil
}

// ServeHTTP answers GET and HEAD. Folders are not listed.
func (c *Cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only reading", http.StatusMethodNotAllowed)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/repo/pkgs")
	if !ok || strings.HasSuffix(path, "/") {
		http.NotFound(w, r)
		return
	}
	// As Fedora's server does: no decoding of what looks packed.
	w.Header().Set("Content-Type", "application/octet-stream")
	http.StripPrefix("/repo/pkgs", c.serve).ServeHTTP(w, r)
}
