package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// manyFresh is how many packages are described before anything is written: what
// ends early then has copied nothing for nothing.
const manyFresh = 4000

// Made is a tree's metadata, ready to be stored.
type Made struct {
	Objects [3]frame.Object
	Bodies  [3][]byte
	Index   *frame.Index
	Work    frame.Work
}

// Keep keeps what a run has made of a tree's metadata when it ends early.
type Keep func(ctx context.Context, part frame.Part) error

// Tree makes the metadata of a tree out of what old Indexes have and what the
// packages say of themselves. Stop tells that the time is nearly over; then the
// error is frame.ErrStopped, and what was made was handed to keep.
func (p *Publisher) Tree(
	ctx context.Context, sel *gather.Selection, tree *gather.Tree, old []*frame.Index, keep Keep, stop func() bool,
) (*Made, error) {
	entries := p.entries(sel, tree)
	b := p.builder(sel, tree, keep, stop)
	plan, err := frame.MakePlan(p.Format, p.Cut, entries, old)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", TreeName(tree), err)
	}
	if len(plan.Fresh) > manyFresh {
		var parts []*frame.Index
		b.Checkpoint = func(ctx context.Context, part frame.Part) error {
			parts = append(parts, part.Index)
			return keep(ctx, part)
		}
		if _, err := b.Make(ctx, entries, old); err != nil {
			return nil, fmt.Errorf("%s: %w", TreeName(tree), err)
		}
		old = append(parts, old...)
	}
	made := &Made{}
	var bodies [3]bytes.Buffer
	result, err := b.Build(ctx, entries, old, [3]io.Writer{&bodies[0], &bodies[1], &bodies[2]})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", TreeName(tree), err)
	}
	made.Objects, made.Index, made.Work = result.Objects, result.Index, result.Work
	for k := range bodies {
		made.Bodies[k] = bodies[k].Bytes()
	}
	return made, nil
}

func (p *Publisher) builder(sel *gather.Selection, tree *gather.Tree, keep Keep, stop func() bool) *frame.Builder {
	kinds := [3]repodata.Kind{repodata.Primary, repodata.Filelists, repodata.Other}
	d := &describer{Publisher: p, sel: sel, tree: tree}
	return &frame.Builder{
		Format: p.Format, Cut: p.Cut,
		Head:  func(document, packages int) []byte { return repodata.Head(kinds[document], packages) },
		Tail:  func(document, _ int) []byte { return repodata.Tail(kinds[document]) },
		Fetch: p.fetch, Describe: d.describe, Batch: 32, Ahead: 4,
		Checkpoint: keep, Stop: stop, OmitOpenChecksum: p.OmitOpenChecksum,
	}
}

// TreeName names a tree in errors and keys: "x86_64/os".
func TreeName(tree *gather.Tree) string { return tree.Arch + "/" + tree.Kind }

// Stopped tells whether an error only says that the time was over.
func Stopped(err error) bool {
	return errors.Is(err, frame.ErrStopped) || errors.Is(err, gather.ErrStopped)
}
