// Generate writes what is made of the code: the Triggers, the Knative Services
// with their policies, and the tables of functions and permissions. Run it by
// `make generate`.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/deploy"
)

const (
	begin = "<!-- functions: made by make generate -->"
	end   = "<!-- end of functions -->"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate() error {
	functions := distaff.Functions(distaff.Parts{})
	if err := os.WriteFile("eventing/triggers.yaml", eventing.Triggers(functions), 0o644); err != nil {
		return err
	}
	files, err := deploy.Files(functions)
	if err != nil {
		return err
	}
	if err := prune(files); err != nil {
		return err
	}
	for name, body := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, body, 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile("docs/graph.md", []byte(distaff.Graph().Page()), 0o644); err != nil {
		return err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("README.md has no %q … %q", begin, end)
	}
	text := before + begin + "\n" + eventing.Table(functions) + end + after
	return os.WriteFile("README.md", []byte(text), 0o644)
}

// prune removes the policies of Services that are no more: nobody should be given
// their rights.
func prune(files map[string][]byte) error {
	old, err := filepath.Glob(deploy.PolicyPath("*"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, wanted := files[filepath.ToSlash(name)]; !wanted {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
