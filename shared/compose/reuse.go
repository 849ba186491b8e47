package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/shared/state"
)

const (
	reusePrefix = "compose/reuse/"
	// candidatesMost is how many composes of one request are remembered, of
	// those that are done and of those that are not.
	candidatesMost = 8
)

// ReuseKey names all requests that may come to the same compose: those of which
// everything is equal that ODCS compares. The request is one whose source was
// resolved. The Koji event is no part of it; MayReuse looks at that.
func ReuseKey(r Request) string {
	set := func(list []string) []string {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	// What ODCS compares as sets, and what as it is. A label, the type of
	// compose, the owner and base modules are not compared.
	same := struct {
		Koji       string
		SourceType SourceType
		Sets       [][]string
		Source     []string
		Flags      Flag
		Results    Result
		Method     Multilib
		Texts      []string
	}{
		r.Koji, r.SourceType,
		[][]string{
			set(r.Packages), set(r.Builds), set(r.Sigkeys), set(r.Arches), set(r.LookasideRepos), set(r.MultilibArches),
			set(r.ModularKojiTags), set(r.ScratchModules), set(r.Modules), set(r.ScratchBuildTasks), set(r.Parents),
		},
		set(r.Source), r.Flags, r.Results, r.MultilibMethod,
		[]string{r.ModuleDefaultsURL, r.ModuleDefaultsCommit, r.RespinOf, r.TargetDir},
	}
	sum := sha256.New()
	// Encoding a struct of strings and numbers cannot fail.
	_ = json.NewEncoder(sum).Encode(same)
	return hex.EncodeToString(sum.Sum(nil))
}

// MayReuse tells whether a compose may be answered with another whose request
// has the same ReuseKey, by ODCS's rules. ChangedSince tells, of composes of
// tags, whether a tag, or one it inherits, changed since the candidate's event.
func MayReuse(mine, candidate Compose, changedSince bool) bool {
	r := mine.Request
	switch {
	case r.Flags.Has(NoReuse), r.SourceType == RawConfig, r.SourceType == Pulp:
		return false
	case candidate.ID >= mine.ID, candidate.Leader != 0, candidate.Removing:
		return false // younger, itself one that reuses, or on its way out
	case candidate.State == Generating && candidate.Reason != reasonGenerating:
		return false
	case candidate.State != Done && candidate.State != Generating:
		return false
	case r.Event < candidate.Request.Event:
		return false // it would get newer content than it asked for
	case r.SourceType == Tag:
		return !changedSince || r.Event == candidate.Request.Event
	}
	return r.Event == candidate.Request.Event
}

// Reuse remembers which composes were made of one request.
type Reuse struct{ Bucket state.Bucket }

type candidates struct {
	// Done and Begun are numbers of composes, the newest last.
	Done  []int64 `json:"done,omitempty"`
	Begun []int64 `json:"begun,omitempty"`
}

func (r Reuse) change(ctx context.Context, key string, f func(*candidates)) error {
	_, err := change(ctx, r.Bucket, reusePrefix+key+".json", func(is *candidates) (bool, error) {
		was := candidates{is.Done, is.Begun}
		f(is)
		return !slices.Equal(was.Done, is.Done) || !slices.Equal(was.Begun, is.Begun), nil
	})
	if err != nil {
		return fmt.Errorf("note what can be reused of %.12s: %w", key, err)
	}
	return nil
}

// Note remembers a compose that is being made of the request, or is done.
func (r Reuse) Note(ctx context.Context, key string, id int64, done bool) error {
	return r.change(ctx, key, func(is *candidates) {
		switch {
		case done:
			is.Begun = without(is.Begun, id)
			is.Done = newest(is.Done, id)
		case !slices.Contains(is.Done, id):
			is.Begun = newest(is.Begun, id)
		}
	})
}

// newest is ids with one more, sorted, without the smallest if there are too
// many.
func newest(ids []int64, id int64) []int64 {
	ids = without(append(slices.Clone(ids), id), 0)
	return ids[max(0, len(ids)-candidatesMost):]
}

// Candidates are the composes to look at, in ODCS's order: those that are done,
// newest first, and then those that are being made, oldest first. What became
// of them since only their documents tell.
func (r Reuse) Candidates(ctx context.Context, key string) ([]int64, error) {
	is, _, err := read[candidates](ctx, r.Bucket, reusePrefix+key+".json")
	if err != nil {
		return nil, fmt.Errorf("look what can be reused of %.12s: %w", key, err)
	}
	ids := slices.Clone(is.Value.Done)
	slices.Reverse(ids)
	return append(ids, is.Value.Begun...), nil
}
