package world

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/distaff-project/distaff/shared/forge/gittest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// built finds what a Koji task made, and what of: what Testing Farm's plans find
// out by themselves.
type built struct {
	hub   *koji.Hub
	repos *gittest.Repos
}

func (w *World) built() (built, error) {
	a := w.Addresses.Koji
	hub, err := koji.New(koji.Config{Name: Instance, Server: a + "/kojihub", Web: a + "/koji", Files: a + "/kojifiles"})
	if err != nil {
		return built{}, fmt.Errorf("reach Koji: %w", err)
	}
	repos, err := gittest.New(w.path("forge"))
	if err != nil {
		return built{}, fmt.Errorf("reach the forge: %w", err)
	}
	return built{hub, repos}, nil
}

// rpms gives the addresses of all packages of a build.
func (b built) rpms(ctx context.Context, task int64) ([]string, error) {
	tasks, err := b.hub.Descendents(ctx, koji.TaskID(task))
	if err != nil {
		return nil, err
	}
	var urls []string
	seen := map[string]bool{}
	for _, child := range tasks {
		files, err := b.hub.Output(ctx, child.ID)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if name := path.Base(file.Name); strings.HasSuffix(name, ".rpm") && !seen[name] {
				seen[name] = true
				urls = append(urls, b.hub.FileURL(child.ID, file))
			}
		}
	}
	return urls, nil
}

// files gives the settings of checks that lie beside the spec.
func (b built) files(ctx context.Context, task int64) (map[string][]byte, error) {
	tasks, err := b.hub.Tasks(ctx, []koji.TaskID{koji.TaskID(task)})
	if err != nil {
		return nil, err
	}
	source, err := kojitest.ParseSCM(tasks[0].Source)
	if err != nil {
		return nil, err
	}
	repo := strings.TrimSuffix(strings.TrimPrefix(source.Path, "/"), ".git")
	entries, err := b.repos.List(ctx, repo, source.Commit, "")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if entry.Folder || !setting(entry.Name) {
			continue
		}
		if files[entry.Name], err = b.repos.Read(ctx, repo, source.Commit, entry.Name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func setting(name string) bool {
	return strings.HasSuffix(name, ".rpmlintrc") || name == "rpmlint.toml" || name == "rpminspect.yaml"
}
