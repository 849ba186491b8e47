package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// attach pushes a document about an image and gives the digest it has. It is a
// referrer of OCI 1.1; a registry that does not know these has the list of them
// under the tag sha256-<digest of the image>, as that standard says.
func attach(ctx context.Context, to name.Digest, kind types.MediaType, document []byte, r registry) (v1.Hash, error) {
	subject, err := remote.Head(to, r.options(ctx)...)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("look up %s: %w", to, err)
	}
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{Layer: static.NewLayer(document, kind)})
	if err != nil {
		return v1.Hash{}, err
	}
	image = mutate.ConfigMediaType(image, kind) // which is the type of the artifact
	about, ok := mutate.Subject(image, v1.Descriptor{MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest}).(v1.Image)
	if !ok {
		return v1.Hash{}, fmt.Errorf("%s: an image with a subject is no image any more", to)
	}
	digest, err := about.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	if err := remote.Write(to.Context().Digest(digest.String()), about, r.options(ctx)...); err != nil {
		return v1.Hash{}, fmt.Errorf("attach to %s: %w", to, err)
	}
	return digest, nil
}

// registry is how registries are spoken to.
type registry struct{ transport http.RoundTripper }

func (r registry) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(r.transport), remote.WithAuthFromKeychain(keychain()),
	}
}
