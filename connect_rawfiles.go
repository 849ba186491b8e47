package distaff

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/wire"
)

// rawFiles gets files of Git repositories from where forges serve them. Users
// say the commit, and what lies there names other files: neither may lead to
// another repository of the same forge.
func rawFiles(configs map[string]config.RawConfig, gits []config.GitFiles) func(ctx context.Context, repository, commit, path string) ([]byte, error) {
	return func(ctx context.Context, repository, commit, path string) ([]byte, error) {
		raw, ok := configs[repository]
		for _, git := range gits {
			if git.URL == repository {
				raw, ok = config.RawConfig{URL: git.Files}, true
			}
		}
		if !ok {
			return nil, &gather.UnmetError{Reason: fmt.Sprintf("No Git repository is called %q here; there are: %s.", repository,
				strings.Join(slices.Sorted(maps.Keys(configs)), ", "))}
		}
		if raw.Commit != "" {
			commit = raw.Commit
		}
		for what, text := range map[string]string{"commit or branch": commit, "path": path} {
			if !isPlainPath(text) {
				return nil, &gather.UnmetError{Reason: fmt.Sprintf("%.100q is no %s of a Git repository that is read here.", text, what)}
			}
		}
		address := strings.NewReplacer("{commit}", escapePath(commit), "{path}", escapePath(path)).Replace(raw.URL)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		answer, err := (&wire.Client{System: "Git repository " + repository, Limit: 4 << 20}).Do(req)
		switch {
		case wire.Code(err) == http.StatusNotFound:
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		case err != nil:
			return nil, err
		}
		return answer.Body, nil
	}
}

// isPlainPath tells whether a text goes down from where it begins, and nowhere
// else.
func isPlainPath(text string) bool {
	return len(text) <= 500 && regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+@-]*(/[A-Za-z0-9_][A-Za-z0-9._+@-]*)*$`).MatchString(text)
}

func escapePath(text string) string {
	parts := strings.Split(text, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
