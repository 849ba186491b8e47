package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// packageMost is the largest package there may be, in bytes.
const packageMost = 64 << 20

// fetch gives the content of f: from the folder cache, where it lies by its
// checksum, or from its address. Debian's mirrors drop a version when there is a
// newer one; what is in the cache is good for ever.
func fetch(ctx context.Context, cache string, f file) ([]byte, error) {
	at := filepath.Join(cache, f.SHA256+".deb")
	if data, err := os.ReadFile(at); err == nil && sum(data) == f.SHA256 {
		return data, nil
	}
	data, err := download(ctx, f.Address)
	if err != nil {
		return nil, fmt.Errorf("fetch %s %s (if the mirror has it no more: run lock.sh): %w", f.Package, f.Version, err)
	}
	if got := sum(data); got != f.SHA256 {
		return nil, fmt.Errorf("fetch %s %s: its SHA-256 is %s, not %s", f.Package, f.Version, got, f.SHA256)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	part, err := os.CreateTemp(cache, "part")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(part.Name()) }()
	if _, err := part.Write(data); err != nil {
		return nil, err
	}
	if err := part.Close(); err != nil {
		return nil, err
	}
	return data, os.Rename(part.Name(), at)
}

func download(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, packageMost+1))
	if len(data) > packageMost {
		return nil, fmt.Errorf("it is larger than %d bytes", packageMost)
	}
	return data, err
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
