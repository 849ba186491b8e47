package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// The program that is packaged: the JSON grammar of tree-sitter, a small C
// library under the MIT licence. It is a Go module too, so that the module proxy
// has it as an archive whose checksum the public checksum database vouches for.
const (
	module  = "github.com/tree-sitter/tree-sitter-json"
	version = "0.24.8"
	name    = "tree-sitter-json"
	archive = name + "-v" + version + ".zip"
)

// download gets the release archive through the go command, which keeps it for
// the next time, and gives its content and its sum.
func download(ctx context.Context) (content []byte, sum string, err error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@v"+version)
	cmd.Dir = os.TempDir() // not inside another module
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var answer struct{ Zip, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &answer); err == nil {
		err = jsonErr
	}
	switch {
	case answer.Error != "":
		err = errors.New(answer.Error)
	case err != nil && stderr.Len() > 0:
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if err != nil {
		return nil, "", fmt.Errorf("download %s %s through the Go module proxy (GOPROXY): %w", module, version, err)
	}
	content, err = os.ReadFile(answer.Zip)
	if err != nil {
		return nil, "", fmt.Errorf("read the archive of %s: %w", module, err)
	}
	return content, answer.Sum, nil
}
