package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// listed is an image as the release object has it (infra/release).
type listed struct {
	Name       string            `json:"name"`
	Repository string            `json:"repository"`
	Digest     string            `json:"digest"`
	Platforms  map[string]string `json:"platforms"`
	Bytes      map[string]int64  `json:"bytes"`
	Base       string            `json:"base,omitempty"`
	SBOM       string            `json:"sbom,omitempty"`
	Provenance string            `json:"provenance,omitempty"`
}

// list looks at an image of several platforms, and what is attached to it.
func list(ctx context.Context, title string, image name.Digest, r registry) (listed, error) {
	l := listed{Name: title, Repository: image.Context().Name(), Digest: image.DigestStr(), Platforms: map[string]string{}, Bytes: map[string]int64{}}
	index, err := remote.Index(image, r.options(ctx)...)
	if err != nil {
		return l, fmt.Errorf("look at %s: %w", image, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return l, err
	}
	for _, m := range manifest.Manifests {
		if m.Platform == nil {
			continue
		}
		one, err := index.Image(m.Digest)
		if err != nil {
			return l, err
		}
		content, err := one.Manifest()
		if err != nil {
			return l, err
		}
		size := content.Config.Size
		for _, layer := range content.Layers {
			size += layer.Size
		}
		l.Platforms[m.Platform.String()] = m.Digest.String()
		l.Bytes[m.Platform.String()] = size
	}
	about, err := remote.Referrers(image, r.options(ctx)...)
	if err != nil {
		return l, fmt.Errorf("look for what is attached to %s: %w", image, err)
	}
	attached, err := about.IndexManifest()
	if err != nil {
		return l, err
	}
	for _, m := range attached.Manifests {
		switch m.ArtifactType {
		case string(spdxType):
			l.SBOM = m.Digest.String()
		case string(statementType), string(envelopeType):
			l.Provenance = m.Digest.String()
		}
	}
	if l.SBOM == "" { // ko has them under a tag, cosign's way
		tag := image.Context().Tag(strings.Replace(image.DigestStr(), ":", "-", 1) + ".sbom")
		if found, err := remote.Head(tag, r.options(ctx)...); err == nil {
			l.SBOM = found.Digest.String()
		}
	}
	return l, nil
}
