package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func manifestsCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "manifests",
		Short: "Check manifests before a cluster gets them",
		Long: example(
			"kustomize build infra/overlays/prod | distaff manifests lint -", "everything that is wrong with what would be applied",
		) + "What Knative accepts and then does not do is found here: see `distaff manifests lint --help`.",
	}
	cmd.AddCommand(lintCommand(s))
	return cmd
}

// written is one file of manifests.
type written struct {
	name string
	data []byte
}

// mostManifests bounds what is read of one file, in bytes.
const mostManifests = 16 << 20

// readManifests reads files, the manifests right in directories, and "-", which
// is the standard input. No names stand for the manifests distaff was built
// with.
func readManifests(s streams, names []string) ([]written, error) {
	if len(names) == 0 {
		return manifestsIn(eventing.Files, ".", "eventing")
	}
	var all []written
	for _, name := range names {
		if name == "-" {
			data, err := bounded(s.in)
			if err != nil {
				return nil, failed(exitTrouble, "read the manifests: %w", err)
			}
			all = append(all, written{"stdin", data})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, failed(exitTrouble, "read the manifests: %w", err)
		}
		if info.IsDir() {
			inside, err := manifestsIn(os.DirFS(name), ".", name)
			if err != nil {
				return nil, err
			}
			all = append(all, inside...)
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, failed(exitTrouble, "read the manifests: %w", err)
		}
		data, err := bounded(f)
		_ = f.Close()
		if err != nil {
			return nil, failed(exitTrouble, "read %s: %w", name, err)
		}
		all = append(all, written{name, data})
	}
	return all, nil
}

func bounded(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, mostManifests+1))
	if err == nil && len(data) > mostManifests {
		err = fmt.Errorf("it is larger than %d bytes", mostManifests)
	}
	return data, err
}

func manifestsIn(files fs.FS, dir, called string) ([]written, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, failed(exitTrouble, "read the manifests: %w", err)
	}
	var all []written
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || strings.HasPrefix(name, "kustomization.") || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			continue
		}
		data, err := fs.ReadFile(files, path.Join(dir, name))
		if err != nil {
			return nil, failed(exitTrouble, "read the manifests: %w", err)
		}
		all = append(all, written{filepath.Join(called, name), data})
	}
	if len(all) == 0 {
		return nil, failed(exitTrouble, "there are no manifests in %s: name files, or pipe `kustomize build` into \"-\"", called)
	}
	return all, nil
}

// routing reads of manifests what routes events: Brokers, Triggers, timers.
// The cluster's other objects may be what they like.
func routing(files []written) (*manifest.Set, error) {
	var set manifest.Set
	var errs []error
	for _, file := range files {
		part, err := manifest.Parse(file.name, onlyRouting(file.data))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		set.Add(part)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &set, nil
}

// onlyRouting blanks all other objects, and keeps the numbers of the lines.
func onlyRouting(data []byte) []byte {
	parts := bytes.SplitAfter(data, []byte("\n"))
	var out []byte
	for start := 0; start < len(parts); {
		end := start + 1
		for end < len(parts) && !bytes.HasPrefix(parts[end], []byte("---")) {
			end++
		}
		text := bytes.Join(parts[start:end], nil)
		if routes(text) {
			out = append(out, text...)
		} else {
			out = append(out, "---\n"...)
			out = append(out, bytes.Repeat([]byte("\n"), max(0, bytes.Count(text, []byte("\n"))-1))...)
		}
		start = end
	}
	return out
}

// routes tells whether a document is an object that routes events. What cannot
// be read is one: the reader tells what is wrong with it.
func routes(text []byte) bool {
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if yaml.Unmarshal(text, &head) != nil {
		return true
	}
	switch head.APIVersion + " " + head.Kind {
	case "eventing.knative.dev/v1 Broker", "eventing.knative.dev/v1 Trigger", "sources.knative.dev/v1 PingSource":
		return true
	}
	return false
}
