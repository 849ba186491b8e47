package main

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// liesOn tells with an error if image was not built on base: for each platform
// its first layers have to be those of base.
func liesOn(ctx context.Context, image, base name.Digest, r registry) error {
	index, err := remote.Index(image, r.options(ctx)...)
	if err != nil {
		return fmt.Errorf("look at %s: %w", image, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, m := range manifest.Manifests {
		if m.Platform == nil {
			continue
		}
		above, err := layers(ctx, image, *m.Platform, r)
		if err != nil {
			return err
		}
		below, err := layers(ctx, base, *m.Platform, r)
		if err != nil {
			return err
		}
		for i, layer := range below {
			if i >= len(above) || above[i].Digest != layer.Digest {
				return fmt.Errorf("%s does not lie on %s for %s", image, base, m.Platform)
			}
		}
	}
	return nil
}

func layers(ctx context.Context, image name.Digest, at v1.Platform, r registry) ([]v1.Descriptor, error) {
	found, err := pull(ctx, image, at, r)
	if err != nil {
		return nil, fmt.Errorf("look at %s for %s: %w", image, at.String(), err)
	}
	manifest, err := found.Manifest()
	if err != nil {
		return nil, err
	}
	return manifest.Layers, nil
}
