package world

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keys are the secrets of a world, drawn when it begins. Each lies in a file of
// its own, which the configuration names.
type keys struct {
	access, secret, forge, hook, koji, farm, bus, address, developer string
}

// readKeys reads the secrets in dir, and draws those that are missing.
func readKeys(dir string) (keys, error) {
	var k keys
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return k, fmt.Errorf("make the folder of keys: %w", err)
	}
	for name, into := range map[string]*string{
		"bucket-access": &k.access, "bucket-secret": &k.secret, "forge": &k.forge, "forge-webhook": &k.hook,
		"koji": &k.koji, "testing-farm": &k.farm, "bus": &k.bus, "hooks": &k.address, "developer": &k.developer,
	} {
		file := filepath.Join(dir, name)
		raw, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) == 0 { // it was being written when all ended
			raw = []byte(rand.Text() + "\n")
			err = os.WriteFile(file, raw, 0o600)
		}
		if err != nil {
			return k, fmt.Errorf("read the key %s: %w", name, err)
		}
		*into = strings.TrimSpace(string(raw))
	}
	return k, nil
}
