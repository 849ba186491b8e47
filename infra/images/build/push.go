package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// keychain is the logins of docker and podman.
func keychain() authn.Keychain { return authn.DefaultKeychain }

const spdxType types.MediaType = "application/spdx+json"

// pushBase makes the base of files for all their architectures, pushes it as tag
// with the lists of what is in it, and gives its digest.
func pushBase(ctx context.Context, title string, tag name.Tag, cache string, files []file, r registry) (name.Digest, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	byArch := map[string][]file{}
	var arches []string
	for _, f := range files {
		if !slices.Contains(arches, f.Arch) {
			arches = append(arches, f.Arch)
		}
		byArch[f.Arch] = append(byArch[f.Arch], f)
	}
	slices.Sort(arches)
	lists := map[v1.Hash][]byte{}
	var made time.Time
	for _, arch := range arches {
		b, err := makeBase(ctx, title, cache, arch, byArch[arch])
		if err != nil {
			return name.Digest{}, fmt.Errorf("make the base %s for %s: %w", title, arch, err)
		}
		digest, err := b.image.Digest()
		if err != nil {
			return name.Digest{}, err
		}
		lists[digest] = b.spdx
		if b.made.After(made) {
			made = b.made
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: b.image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: platform(arch)}},
		})
	}
	if err := remote.WriteIndex(tag, index, r.options(ctx)...); err != nil {
		return name.Digest{}, fmt.Errorf("push %s: %w", tag, err)
	}
	for digest, list := range lists {
		if _, err := attach(ctx, tag.Digest(digest.String()), spdxType, list, r); err != nil {
			return name.Digest{}, err
		}
	}
	all, err := describe(title, files, made)
	if err != nil {
		return name.Digest{}, err
	}
	digest, err := index.Digest()
	if err != nil {
		return name.Digest{}, err
	}
	whole := tag.Digest(digest.String())
	_, err = attach(ctx, whole, spdxType, all, r)
	return whole, err
}

// parseDigest reads REPOSITORY@sha256:…, with or without a tag.
func parseDigest(text string) (name.Digest, error) {
	before, digest, ok := strings.Cut(strings.TrimSpace(text), "@")
	if !ok {
		return name.Digest{}, fmt.Errorf("%q names no digest", text)
	}
	ref, err := name.ParseReference(before)
	if err != nil {
		return name.Digest{}, err
	}
	return name.NewDigest(ref.Context().Name() + "@" + digest)
}
