package composedemo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"runtime"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

func machine() string { return rpm.FromGo(runtime.GOARCH) }

// errGone says that nothing is at an address.
var errGone = errors.New("there is nothing")

// fetch reads what everybody can read.
func fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusOK:
		return io.ReadAll(answer.Body)
	case http.StatusNotFound:
		return nil, fmt.Errorf("get %s: %w", address, errGone)
	}
	return nil, fmt.Errorf("get %s: %s", address, answer.Status)
}

// entry is what the list of a compose's packages says of one.
type entry struct {
	Path     string `json:"path"`
	Sigkey   string `json:"sigkey"`
	Category string `json:"category"`
}

// readManifest reads compose/metadata/rpms.json of the compose at an address:
// the packages by name-version-release.arch.
func readManifest(ctx context.Context, toplevel string) (map[string]entry, error) {
	raw, err := fetch(ctx, toplevel+"/compose/metadata/rpms.json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Payload struct {
			RPMs map[string]map[string]map[string]map[string]entry `json:"rpms"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read rpms.json of %s: %w", toplevel, err)
	}
	all := map[string]entry{}
	for variant := range maps.Values(list.Payload.RPMs) {
		for arch := range maps.Values(variant) {
			for build := range maps.Values(arch) {
				for _, one := range build {
					all[strings.TrimSuffix(path.Base(one.Path), ".rpm")] = one
				}
			}
		}
	}
	return all, nil
}
