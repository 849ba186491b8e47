package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// metadata is the making of a folder's metadata: the very parts of compose-make,
// without the Koji and the bucket. What it writes lies in files, as what
// createrepo_c writes does.
type metadata struct {
	// List is a file with what is known of the packages, as a Koji tells it: a
	// JSON list of compose.RPM. Those without a checksum are read to their end.
	List string
	// Dir has their files; Server serves them instead, at this address.
	Dir, Server string
	// Out is where the metadata goes, Old where that of earlier packages lies.
	Out, Old string
	Gzip     bool
	// OmitOpen leaves out the checksums of the decompressed documents.
	OmitOpen bool
}

// packagesURL is where the packages are said to be.
const packagesURL = "http://packages.example.org/f45"

func (m metadata) make(ctx context.Context) (frame.Work, error) {
	sel, err := m.selection()
	if err != nil {
		return frame.Work{}, err
	}
	reader := rpmfile.New(rpmfile.Options{System: "packages", HTTP: &http.Client{Transport: m.transport()}})
	never := func() bool { return false }
	g := &gather.Gatherer{Files: reader, Sums: forgetful{}}
	if err := g.Checksums(ctx, sel, never); err != nil {
		return frame.Work{}, err
	}
	p := &publish.Publisher{Bucket: folder(m.Out), Heads: reader, Address: g.Address}
	p.OmitOpenChecksum = m.OmitOpen
	if m.Gzip {
		p.Format.Compression = "gzip"
	}
	var old []*frame.Index
	if m.Old != "" {
		raw, err := os.ReadFile(filepath.Join(m.Old, "index"))
		if err != nil {
			return frame.Work{}, err
		}
		x, err := frame.DecodeIndex(raw)
		if err != nil {
			return frame.Work{}, err
		}
		old = append(old, x)
	}
	made, err := p.Tree(ctx, sel, &sel.Trees[0], old, nil, never)
	if err != nil {
		return frame.Work{}, err
	}
	if _, err := p.Repository(ctx, m.Out, made, nil, publish.Stamp{Revision: built, Time: built}); err != nil {
		return made.Work, err
	}
	return made.Work, os.WriteFile(filepath.Join(m.Out, "index"), made.Index.Encode(), 0o600)
}

func (m metadata) selection() (*gather.Selection, error) {
	raw, err := os.ReadFile(m.List)
	if err != nil {
		return nil, err
	}
	var all []compose.RPM
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b compose.RPM) int { return strings.Compare(a.Path, b.Path) })
	sel := &gather.Selection{Trees: []gather.Tree{{Variant: gather.Variant, Arch: "x86_64", Kind: gather.OS}}}
	for i, r := range all {
		r.Base = packagesURL
		sel.Files = append(sel.Files, gather.File{RPM: r})
		sel.Trees[0].Files = append(sel.Trees[0].Files, int32(i))
	}
	return sel, nil
}

// transport brings requests for packages to the server or to the files.
func (m metadata) transport() http.RoundTripper {
	if m.Server == "" {
		return filesIn(m.Dir)
	}
	return &http.Transport{
		MaxIdleConnsPerHost: rpmfile.DefaultParallel, DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, m.Server)
		},
	}
}

// filesIn answers requests out of a folder, as a server does and without one.
type filesIn string

func (dir filesIn) RoundTrip(r *http.Request) (*http.Response, error) {
	opened, err := os.Open(filepath.Join(string(dir), filepath.Base(r.URL.Path)))
	if errors.Is(err, os.ErrNotExist) {
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	answer := &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{},
		Body: body{opened, opened}, ContentLength: info.Size(),
	}
	answer.Header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	if r.Method == http.MethodHead {
		answer.Body = http.NoBody
		return answer, opened.Close()
	}
	if wanted := r.Header.Get("Range"); wanted != "" {
		var from, to int64
		if _, err := fmt.Sscanf(wanted, "bytes=%d-%d", &from, &to); err != nil {
			return nil, errors.Join(err, opened.Close())
		}
		to = min(to+1, info.Size())
		answer.StatusCode, answer.ContentLength = http.StatusPartialContent, to-from
		answer.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, info.Size()))
		answer.Body = body{io.NewSectionReader(opened, from, to-from), opened}
	}
	return answer, nil
}

// body can be read and no more, as what comes over a network.
type body struct {
	io.Reader
	io.Closer
}

// forgetful knows no checksum.
type forgetful struct{}

func (forgetful) Find(context.Context, string, string, rpmfile.File) (string, error) { return "", nil }

func (forgetful) Keep(context.Context, string, string, rpmfile.File, string) (err error) { return nil }

// folder is a bucket of files; keys are their paths.
type folder string

func (folder) Get(_ context.Context, key string) (blob.Object, error) {
	raw, err := os.ReadFile(key)
	return blob.Object{Key: key, Body: raw}, err
}

func (folder) GetRange(_ context.Context, key string, offset, length int64) (blob.Object, error) {
	opened, err := os.Open(key)
	if err != nil {
		return blob.Object{}, err
	}
	defer func() { _ = opened.Close() }()
	body := make([]byte, length)
	_, err = opened.ReadAt(body, offset)
	return blob.Object{Key: key, Body: body}, err
}

func (folder) Put(_ context.Context, key string, body []byte, _ blob.Cond, _ ...blob.PutOption) (blob.Tag, error) {
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		return "", err
	}
	return "", os.WriteFile(key, body, 0o600)
}

func (folder) Delete(_ context.Context, key string) error { return os.Remove(key) }
