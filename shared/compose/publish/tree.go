package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// Made is a tree's metadata, ready to be stored.
type Made struct {
	Objects [3]frame.Object
	Bodies  [3][]byte
	Index   *frame.Index
	Work    frame.Work
}

// Keep keeps what a run has made of a tree's metadata when it ends early.
type Keep func(ctx context.Context, part frame.Part) error

// Prepare makes the frames of a tree that no old Index has, hands them to keep
// and writes nothing: for work that takes more than one run, and to learn the
// sizes of many files. It gives how many packages are described by now.
func (p *Publisher) Prepare(
	ctx context.Context, sel *gather.Selection, tree *gather.Tree, old []*frame.Index, keep Keep, stop func() bool,
) (int, error) {
	work, err := p.builder(sel, tree, keep, stop).Make(ctx, p.entries(sel, tree), old)
	done := 0
	if work != nil {
		done = work.Done
	}
	if err != nil {
		return done, fmt.Errorf("%s: %w", TreeName(tree), err)
	}
	return done, nil
}

// Fresh is how many packages of a tree no old Index describes.
func (p *Publisher) Fresh(sel *gather.Selection, tree *gather.Tree, old []*frame.Index) (int, error) {
	plan, err := frame.MakePlan(p.Format, p.Cut, p.entries(sel, tree), old)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", TreeName(tree), err)
	}
	return len(plan.Fresh), nil
}

// Tree makes the metadata of a tree out of what old Indexes have and what the
// packages say of themselves. Stop tells that the time is nearly over; then the
// error is frame.ErrStopped, and what was made was handed to keep.
func (p *Publisher) Tree(
	ctx context.Context, sel *gather.Selection, tree *gather.Tree, old []*frame.Index, keep Keep, stop func() bool,
) (*Made, error) {
	entries := p.entries(sel, tree)
	b := p.builder(sel, tree, keep, stop)
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
	d := &describer{Publisher: p, sel: sel, tree: tree}
	return &frame.Builder{
		Format: p.Format, Cut: p.Cut,
		Fetch: p.fetch, Describe: d.describe, Batch: 32, Ahead: 4,
		Checkpoint: keep, Stop: stop, OmitOpenChecksum: p.OmitOpenChecksum,
	}
}

// TreeName names a tree in errors and keys: "x86_64/os", with the variant before
// it where that is not the one variant composes mostly have.
func TreeName(tree *gather.Tree) string {
	name := tree.Arch + "/" + tree.Kind
	if tree.Variant != gather.Variant {
		name = tree.Variant + "/" + name
	}
	return name
}

// Stopped tells whether an error only says that the time was over.
func Stopped(err error) bool {
	return errors.Is(err, frame.ErrStopped) || errors.Is(err, gather.ErrStopped)
}
