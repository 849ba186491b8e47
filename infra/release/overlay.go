package release

import (
	"fmt"
	"os"
	"path/filepath"
)

// Function is the name of the image the functions run, and Placeholder what
// stands for it in the manifests. Solver is the same with a dependency solver,
// which only compose-make needs.
const (
	Function          = "function"
	Placeholder       = "distaff"
	Solver            = "function-solver"
	SolverPlaceholder = "distaff-solver"
)

// Component is the file an overlay takes its images from: a Component of
// kustomize.
func (r *Release) Component() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	image, ok := r.Image(Function)
	if !ok {
		return nil, fmt.Errorf("release %s: it has no image %s", r.Version, Function)
	}
	solver, ok := r.Image(Solver)
	if !ok {
		solver = image // then composes are made of whole tags and of named packages only
	}
	return fmt.Appendf(nil, `# The release this environment runs: the digests of its images, and nothing else.
# Written by distaff release use, never by hand. Release %s, commit %s.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - name: %s
    newName: %s
    digest: %s
  - name: %s
    newName: %s
    digest: %s
`, r.Version, r.Commit, Placeholder, image.Repository, image.Digest, SolverPlaceholder, solver.Repository, solver.Digest), nil
}

// Use makes the overlay in a directory run the release. It gives the file it
// wrote.
func (r *Release) Use(overlay string) (string, error) {
	text, err := r.Component()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(overlay, "kustomization.yaml")); err != nil {
		return "", fmt.Errorf("%s is no overlay: %w", overlay, err)
	}
	dir := filepath.Join(overlay, "release")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(dir, "kustomization.yaml")
	return file, os.WriteFile(file, text, 0o644)
}
