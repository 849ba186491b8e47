// Package foreign reads a repository that somebody else made, so that its
// packages can be listed in a repository of ours while they stay where they
// are.
//
// Nothing it reads is believed: every file must have the size and checksum
// repomd.xml says, what it decompresses to is bounded, and each package's
// description must be well-formed by itself, because it is copied into a
// document of ours. What is refused is named, with the repository's URL.
package foreign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/wire"
)

// Limits bound what a repository may cost. Zero fields take the values given.
type Limits struct {
	Repomd   int64 // bytes of repomd.xml: 1 MiB
	File     int64 // bytes of one metadata file as it lies there: 1 GiB
	Open     int64 // bytes of one metadata file decompressed: 8 GiB
	Document int64 // bytes of one file that Document reads, decompressed: 128 MiB
	Package  int   // bytes of one package in one file: 64 MiB
	Packages int   // in a repository: 1,000,000
	Kept     int64 // bytes of what Collect keeps, compressed: 128 MiB
}

func (l Limits) orDefault() Limits {
	set := func(field *int64, value int64) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Repomd, 1<<20)
	set(&l.File, 1<<30)
	set(&l.Open, 8<<30)
	set(&l.Document, 128<<20)
	set(&l.Kept, 128<<20)
	if l.Package <= 0 {
		l.Package = 64 << 20
	}
	if l.Packages <= 0 {
		l.Packages = 1_000_000
	}
	return l
}

// Client opens repositories. The zero value works for public ones.
type Client struct {
	// Wire reads repomd.xml; its Authorize is used for all files.
	Wire wire.Client
	// Stream reads the large files: a total time limit of it, if it has one, is
	// for a whole file. Nil means a client without one.
	Stream *http.Client
	Limits Limits
}

// Repository is one that was opened: its repomd.xml was read.
type Repository struct {
	// URL is the repository's, with a final slash.
	URL string
	// Repomd is what it said. Two Repositories with equal checksums in it have
	// the same packages.
	Repomd repodata.Repomd

	client *Client
	limits Limits
}

// Error is a repository, or a file of it, that cannot be used as it is.
type Error struct {
	URL  string // of the repository
	File string // in it; "" for the repository
	Err  error
}

// Error names the repository and the file.
func (e *Error) Error() string {
	if e.File == "" {
		return fmt.Sprintf("repository %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("repository %s: %s: %v", e.URL, e.File, e.Err)
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// Open reads repomd.xml below the address, the folder that holds "repodata".
// An *Error is of the repository and stays; wire.Temporary tells what may pass.
func (c *Client) Open(ctx context.Context, address string) (*Repository, error) {
	base, err := repositoryURL(address)
	if err != nil {
		return nil, err
	}
	r := &Repository{URL: base, client: c, limits: c.Limits.orDefault()}
	client := c.Wire
	client.Limit = r.limits.Repomd
	if client.System == "" {
		client.System = "repository"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"repodata/repomd.xml", nil)
	if err != nil {
		return nil, r.fail("repodata/repomd.xml", err)
	}
	answer, err := client.Do(req)
	if wire.Code(err) == http.StatusNotFound {
		return nil, r.fail("", errors.New("there is no repodata/repomd.xml below it: give the folder that holds repodata"))
	}
	if err != nil {
		return nil, r.fail("repodata/repomd.xml", err)
	}
	if r.Repomd, err = parseRepomd(answer.Body); err != nil {
		return nil, r.fail("repodata/repomd.xml", err)
	}
	return r, nil
}

func (r *Repository) fail(file string, err error) error {
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	return &Error{URL: r.URL, File: file, Err: err}
}

func parseRepomd(body []byte) (repodata.Repomd, error) {
	if err := aList(body); err != nil {
		return repodata.Repomd{}, err
	}
	return repodata.ParseRepomd(body)
}

// aList refuses what mirror services answer in place of a repository.
func aList(body []byte) error {
	start := strings.TrimSpace(string(body[:min(len(body), 4096)]))
	switch {
	case strings.Contains(start, "<metalink"):
		return errors.New("it is a metalink: give the URL of one of its mirrors")
	case strings.HasPrefix(start, "http://"), strings.HasPrefix(start, "https://"), strings.HasPrefix(start, "# repo ="):
		return errors.New("it is a mirror list: give the URL of one of its mirrors")
	case strings.HasPrefix(strings.ToLower(start), "<!doctype html"), strings.HasPrefix(strings.ToLower(start), "<html"):
		return errors.New("it is a web page and no repomd.xml: give the folder that holds repodata")
	}
	return nil
}

// repositoryURL gives the address with a final slash, if it is one of a
// repository that anybody can be told of.
func repositoryURL(address string) (string, error) {
	bad := func(reason string) (string, error) {
		return "", &Error{URL: shown(address), Err: errors.New(reason)}
	}
	if strings.Contains(address, "$") {
		return bad("variables are not known here: write out $releasever and $basearch")
	}
	u, err := url.Parse(address)
	if err != nil || hasControl(address) {
		return bad("it is no URL")
	}
	for _, service := range []string{"metalink", "mirrorlist"} {
		if strings.Contains(u.Path, service) || u.Query().Has(service) {
			return bad("it is a " + service + ": give the URL of one of its mirrors")
		}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return bad("it must begin with https:// or http://")
	case u.User != nil:
		return bad("a password in it would be in the metadata for all to read: leave it out")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return bad("it has a query or fragment, and files cannot be named below it: leave that out")
	}
	if reason := leaves(u.Path); reason != "" {
		return bad(reason)
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

// shown is an address without what may be secret.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Sprintf("%.100q", address)
	}
	return wire.Redact(u)
}
