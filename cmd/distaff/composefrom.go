package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/odcs/client"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/state"
)

// composes answers questions about composes.
type composes interface {
	client.Getter
	Find(ctx context.Context, query url.Values) (client.List, error)
	// packages are those of a compose.
	packages(ctx context.Context, c client.Compose) ([]difference.Package, error)
	// repoFile is the text of its .repo file.
	repoFile(ctx context.Context, c client.Compose) ([]byte, error)
}

// apiComposes are those behind an API.
type apiComposes struct{ *client.Client }

const (
	rpmsMost  = 512 << 20
	rpmsCount = 2_000_000
)

func (a apiComposes) packages(ctx context.Context, c client.Compose) ([]difference.Package, error) {
	if err := readable(c); err != nil {
		return nil, err
	}
	raw, err := a.File(ctx, c.Toplevel+"/compose/metadata/rpms.json")
	if err != nil {
		return nil, fmt.Errorf("read the packages of compose %d: %w", c.ID, err)
	}
	var all []difference.Package
	known := map[difference.Package]bool{}
	_, err = productmd.ReadRPMs(bytes.NewReader(raw), rpmsMost, rpmsCount, func(r productmd.RPM) error {
		name, evr, arch, ok := difference.Split(r.NEVRA)
		if !ok {
			return fmt.Errorf("%.80q is no package", r.NEVRA)
		}
		p := difference.Package{Tree: r.Arch, Kind: "os", Name: name, Arch: arch, EVR: evr}
		if r.SigKey != nil {
			p.Sigkey = *r.SigKey
		}
		switch r.Category {
		case "debug":
			p.Kind = "debug"
		case "source": // it is named under each architecture, and lies in one place
			p.Kind, p.Tree = "source", "source"
		}
		if !known[p] {
			known[p] = true
			all = append(all, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the packages of compose %d: %w", c.ID, err)
	}
	return all, nil
}

func (a apiComposes) repoFile(ctx context.Context, c client.Compose) ([]byte, error) {
	if err := readable(c); err != nil {
		return nil, err
	}
	return a.File(ctx, c.RepoFile)
}

// readable tells what is in the way of reading the files of a compose.
func readable(c client.Compose) error {
	switch {
	case c.State == compose.Done && c.Toplevel != "":
		return nil
	case c.State == compose.Done:
		return failed(exitNothing, "compose %d lies in a directory of its own (target_dir): where that is, its server does not tell", c.ID)
	case c.State == compose.Removed:
		return failed(exitNothing, "compose %d is removed, and its files are gone; make it again: distaff compose renew %d", c.ID, c.ID)
	case c.State == compose.Failed:
		return failed(exitFailed, "compose %d failed, and has no files: %s", c.ID, firstLine(c.Reason))
	}
	return failed(exitAgain, "compose %d is not made yet; wait for it: distaff compose wait %d", c.ID, c.ID)
}

// bucketComposes are those of a bucket.
type bucketComposes struct {
	desk  compose.Desk
	list  *index.List
	locks compose.Locks
	files interface {
		Get(ctx context.Context, key string) (blob.Object, error)
	}
	at odcs.URLs
}

func composesIn(o *opened) (bucketComposes, error) {
	at := ""
	switch {
	case o.cfg.Composes != nil:
		at = o.cfg.Composes.URL
	default:
		return bucketComposes{}, errors.New("no composes are made there: the configuration has no section composes")
	}
	desk := compose.NewDesk(state.New(o.files), compose.Rules{}, nil)
	return bucketComposes{
		desk: desk, list: index.NewList(o.files, desk.Read), locks: compose.Locks{Store: o.files}, files: o.files,
		at: odcs.URLs{Composes: strings.TrimSuffix(at, "/")},
	}, nil
}

// Get gives a compose as the API would, and what it does not tell.
func (b bucketComposes) Get(ctx context.Context, id int64) (client.Compose, error) {
	is, err := b.desk.Read(ctx, id)
	if errors.Is(err, blob.ErrNotFound) {
		return client.Compose{}, &client.RefusedError{Code: 404, Message: "No such compose found."}
	}
	if err != nil {
		return client.Compose{}, err
	}
	c, err := client.Decode(odcs.ShowOne(is, b.at, ""))
	c.More = odcs.MoreOf(is)
	return c, err
}

func (b bucketComposes) Find(ctx context.Context, query url.Values) (client.List, error) {
	search, err := odcs.ParseSearch(query.Encode())
	var refused *odcs.Refusal
	if errors.As(err, &refused) {
		return client.List{}, &client.RefusedError{Code: refused.Code, Message: refused.Message, Hint: refused.Hint}
	}
	if err != nil {
		return client.List{}, err
	}
	found, err := b.list.Find(ctx, search.Query)
	if err != nil {
		return client.List{}, err
	}
	return client.DecodeList(search.List(found, b.at, ""))
}

func (b bucketComposes) packages(ctx context.Context, c client.Compose) ([]difference.Package, error) {
	if c.More == nil || c.More.Lock == "" {
		if err := readable(c); err != nil {
			return nil, err
		}
		return nil, failed(exitNothing, "compose %d has no list of packages", c.ID)
	}
	lock, err := b.locks.Load(ctx, c.More.Lock)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, failed(exitNothing, "the list of packages of compose %d is not kept any more", c.ID)
	}
	if err != nil {
		return nil, err
	}
	return difference.OfLock(lock), nil
}

func (b bucketComposes) repoFile(ctx context.Context, c client.Compose) ([]byte, error) {
	if err := readable(c); err != nil {
		return nil, err
	}
	key, ok := strings.CutPrefix(c.RepoFile, b.at.Composes+"/")
	if !ok {
		return nil, failed(exitNothing, "compose %d has no .repo file", c.ID)
	}
	object, err := b.files.Get(ctx, "composes/"+key)
	if err != nil {
		return nil, fmt.Errorf("read the .repo file of compose %d: %w", c.ID, err)
	}
	return object.Body, nil
}

// known are the newest composes' ids, to be named where one is not there.
func known(ctx context.Context, from composes) []string {
	list, err := from.Find(ctx, url.Values{"per_page": {"50"}})
	if err != nil {
		return nil
	}
	var ids []string
	for _, c := range list.Items {
		ids = append(ids, strconv.FormatInt(c.ID, 10))
	}
	return ids
}

// one gives a compose somebody names. Where there is none, it says what could
// have been meant.
func one(ctx context.Context, from composes, text string) (client.Compose, error) {
	id, err := composeID(text)
	if err != nil {
		return client.Compose{}, err
	}
	c, err := from.Get(ctx, id)
	if client.Refused(err, 404) {
		return c, missingCompose(ctx, from, id)
	}
	return c, told(ctx, fmt.Sprintf("read compose %d", id), err)
}

func missingCompose(ctx context.Context, from composes, id int64) error {
	ids, text := known(ctx, from), strconv.FormatInt(id, 10)
	hint := ""
	// Of short numbers all are alike.
	alike := slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return len(text) < 3 || editDistance(text, other) > 1 })
	switch {
	case len(ids) == 0:
		hint = "; there is none yet: distaff compose create"
	case len(alike) > 0:
		hint = meant(text, alike)
	default:
		hint = "; the newest is " + ids[0]
	}
	return failed(exitNothing, "there is no compose %d%s", id, hint)
}
