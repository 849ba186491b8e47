package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// unpack writes the files of an image into dir, to be run there.
func unpack(ctx context.Context, ref, platform, dir string, r registry) error {
	image, err := parseDigest(ref)
	if err != nil {
		return err
	}
	at, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
	found, err := pull(ctx, image, *at, r)
	if err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	root, err := os.OpenRoot(dir) // nothing in the image gets out of it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	content := mutate.Extract(found)
	defer func() { _ = content.Close() }()
	archive := tar.NewReader(content)
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := write(root, head, archive); err != nil {
			return fmt.Errorf("unpack %s: %w", head.Name, err)
		}
	}
}

func pull(ctx context.Context, image name.Digest, at v1.Platform, r registry) (v1.Image, error) {
	return remote.Image(image, append(r.options(ctx), remote.WithPlatform(at))...)
}

func write(root *os.Root, head *tar.Header, body io.Reader) error {
	at := filepath.Clean(filepath.Join(".", head.Name)) //nolint:gosec // os.Root keeps it below the directory
	if at == "." {
		return nil
	}
	if err := root.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	switch head.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(at, 0o755); err != nil {
			return err
		}
	case tar.TypeSymlink:
		return root.Symlink(head.Linkname, at)
	case tar.TypeReg:
		f, err := root.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, body); err != nil {
			_ = f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("it is neither a file, a directory nor a link")
	}
	if os.Geteuid() == 0 {
		if err := root.Chown(at, head.Uid, head.Gid); err != nil {
			return err
		}
	}
	return root.Chmod(at, head.FileInfo().Mode()&(os.ModePerm|os.ModeSticky))
}
