package composemake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/productmd"
)

// merged are requests for the repositories of those content sets of which there are
// several, and are merged into one.
func (r *making) merged() []compose.Request {
	var all []compose.Request
	_ = r.eachMerged(func(_ string, one compose.Request) error { // which fails never
		all = append(all, one)
		return nil
	})
	return all
}

// merge settles what the merged repositories have: each content set is a variant.
func (r *making) merge(ctx context.Context) error {
	if r.options.Open == nil {
		return &gather.UnmetError{Reason: "This instance takes nothing from repositories of others."}
	}
	r.locked, r.file = true, r.repoFile
	text, err := r.file(0)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q\n", text) // never fails
	if err := r.eachMerged(func(_ string, one compose.Request) error {
		origin, err := gather.Origin(ctx, r.options.Open, one)
		_, _ = fmt.Fprintf(sum, "%q\n", origin)
		return err
	}); err != nil {
		return err
	}
	r.pub.Origin = hex.EncodeToString(sum.Sum(nil))
	if err := r.resolve(); err != nil || r.log.Work().Lock != "" {
		return err
	}
	if err := r.began(ctx, gather.Start{}); err != nil {
		return err
	}
	all := &gather.Selection{}
	err = r.eachMerged(func(name string, one compose.Request) error {
		sel, err := gather.MergeForeign(ctx, r.options.Open, one)
		if err == nil {
			all.Join(sel, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.total = len(all.Files)
	_, err = r.settle(ctx, all)
	return err
}

func (r *making) eachMerged(do func(name string, one compose.Request) error) error {
	for _, name := range r.r.Source {
		repo := r.options.Repositories[name]
		if len(repo.URLs) == 0 {
			continue
		}
		if err := do(name, compose.Request{SourceType: compose.Repo, Source: repo.URLs, Arches: repo.Arches}); err != nil {
			return err
		}
	}
	return nil
}

// repoFile is the .repo file of content sets: of a merged one it names what lies
// in the directory of the compose.
func (r *making) repoFile(id int64) (string, error) {
	var sections []productmd.ExternalRepo
	for _, name := range r.r.Source {
		repo := r.options.Repositories[name]
		url := repo.URL
		if len(repo.URLs) > 0 {
			url = fmt.Sprintf("%s/odcs-%d/%s", r.options.URL, id, publish.RepoDir(name, "$basearch", gather.OS))
		}
		sections = append(sections, productmd.ExternalRepo{Name: name, URL: url, Skip: r.r.Flags.Has(compose.UseOnlyCompatibleArch)})
	}
	var text strings.Builder
	if err := productmd.WriteExternalRepoFile(&text, sections); err != nil {
		return "", &gather.UnmetError{Reason: sentence(err.Error())}
	}
	return text.String(), nil
}

// endFile writes the .repo file, and that the compose is finished.
func (r *making) endFile(ctx context.Context) error {
	text, err := r.file(r.c.ID)
	if err == nil {
		err = r.storeFile(ctx, text)
	}
	if err != nil {
		return err
	}
	return r.pub.End(ctx, r.c.ID, r.resolved.PungiID)
}

// storeFile puts the .repo file where ODCS's composes have it.
func (r *making) storeFile(ctx context.Context, text string) error {
	key := fmt.Sprintf("%scompose/%s/odcs-%d.repo", publish.Dir(r.c.ID), gather.Variant, r.c.ID)
	if _, err := r.desk.Bucket.Put(ctx, key, []byte(text), blob.Any, blob.Type("text/plain; charset=utf-8")); err != nil {
		return fmt.Errorf("store the .repo file: %w", err)
	}
	return nil
}
