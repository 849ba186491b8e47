package solve

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/wire"
)

const (
	// maxFile bounds a file of repodata in bytes: Fedora's largest filelists are
	// 60 MB. It is in memory once.
	maxFile = 256 << 20
	// maxFetched bounds all that is fetched for one question, in bytes.
	maxFetched = 1 << 30
)

// files are the local copies of a repository's repodata.
type files struct{ repomd, primary, filelists string }

// source reads the files of one repository.
type source struct {
	name   string
	dir    string   // of a local one
	remote *url.URL // of another
	client *wire.Client
	into   string // where what was fetched is put
	room   *int64 // how many bytes may still be fetched for the question
}

// fetch brings the repodata that a solver reads onto this machine, and checks it
// against its checksums.
func (s source) fetch(ctx context.Context) (files, error) {
	out := files{}
	at, raw, err := s.bring(ctx, "repodata/repomd.xml", repodata.MaxRepomd, true)
	if err != nil {
		return out, err
	}
	out.repomd = at
	index, err := repodata.ParseRepomd(raw)
	if err != nil {
		return out, fmt.Errorf("%w %s: %w", ErrRepo, s.name, err)
	}
	for _, data := range index.Data {
		var to *string
		switch data.Type {
		case repodata.Primary:
			to = &out.primary
		case repodata.Filelists:
			to = &out.filelists
		default:
			continue
		}
		if data.Base != "" || *to != "" {
			return out, fmt.Errorf("%w %s: repomd.xml: %s is at %.120q, not in the repository, or there twice", ErrRepo, s.name, data.Type, data.Location)
		}
		if *to, _, err = s.bring(ctx, data.Location, maxFile, false); err != nil {
			return out, err
		}
		if err := verify(*to, data.Checksum); err != nil {
			return out, fmt.Errorf("%w %s: %s: %w", ErrRepo, s.name, data.Type, err)
		}
	}
	if out.primary == "" {
		return out, fmt.Errorf("%w %s: repomd.xml names no primary data", ErrRepo, s.name)
	}
	return out, nil
}

// bring gives the local path of a file, and its content if that is wanted.
func (s source) bring(ctx context.Context, href string, limit int64, content bool) (at string, raw []byte, err error) {
	if s.remote == nil {
		at = filepath.Join(s.dir, filepath.FromSlash(href))
		info, err := os.Stat(at)
		if err == nil && info.Size() > limit {
			err = fmt.Errorf("larger than %d bytes", limit)
		}
		if err == nil && content {
			raw, err = os.ReadFile(at)
		}
		if err != nil {
			return "", nil, fmt.Errorf("%w %s: %s: %w", ErrRepo, s.name, href, err)
		}
		return at, raw, nil
	}
	if *s.room <= 0 {
		return "", nil, fmt.Errorf("%w %s: the repositories are larger than %d bytes together", ErrRepo, s.name, maxFetched)
	}
	client := *s.client
	client.System, client.Limit = "repository "+s.name, min(limit, *s.room)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.remote.JoinPath(href).String(), nil)
	if err != nil {
		return "", nil, fmt.Errorf("%w %s: %w", ErrRepo, s.name, err)
	}
	answer, err := client.Do(req)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrRepo, err)
	}
	*s.room -= int64(len(answer.Body))
	at = filepath.Join(s.into, s.name+"-"+filepath.Base(filepath.FromSlash(href)))
	if err := os.WriteFile(at, answer.Body, 0o600); err != nil {
		return "", nil, fmt.Errorf("keep %s of the repository %s: %w", href, s.name, err)
	}
	return at, answer.Body, nil
}

func verify(path string, want repodata.Checksum) error {
	var sum hash.Hash
	switch want.Type {
	case "sha256":
		sum = sha256.New()
	case "sha512":
		sum = sha512.New()
	default:
		return fmt.Errorf("its checksum is of the kind %.20q: sha256 and sha512 are read", want.Type)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.Hex {
		return fmt.Errorf("its %s is %s, not %s", want.Type, got, want.Hex)
	}
	return nil
}
