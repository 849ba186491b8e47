package testingfarmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
)

// maxRPM is the largest package downloaded.
const maxRPM = 2 << 30

// built is one RPM a task built.
type built struct {
	file string // name-version-release.arch.rpm
	name string
	arch string // src for the source package
	path string
}

// named reads what the last part of an RPM's address says.
func named(address string) (built, error) {
	u, err := url.Parse(address)
	if err != nil {
		return built{}, errors.New("an RPM has no proper address")
	}
	file := path.Base(u.Path)
	// As in Koji: nothing that a shell, a path or a spec would read otherwise.
	m := regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._+-]*)-[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+\.([a-z0-9_]+)\.rpm$`).FindStringSubmatch(file)
	if m == nil {
		return built{}, fmt.Errorf("%q is not an RPM's name", file)
	}
	return built{file: file, name: m[1], arch: m[2]}, nil
}

func (b built) nvra() string { return strings.TrimSuffix(b.file, ".rpm") }

// debug reports whether the package holds only what debuggers need.
func (b built) debug() bool {
	return strings.HasSuffix(b.name, "-debuginfo") || strings.HasSuffix(b.name, "-debugsource")
}

func (t *Tools) download(ctx context.Context, address, to string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	client := t.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(resp.Body, maxRPM+1))
	if err == nil && n > maxRPM {
		err = fmt.Errorf("larger than %d bytes", maxRPM)
	}
	return errors.Join(err, out.Close())
}
