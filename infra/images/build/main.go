// Build makes the images of distaff that ko does not: the bases below them, of
// packages of Debian, the lists of what is in them, and the word on what an image
// was built from. See docs/images.md.
//
//	build base NAME LOCK CACHE TAG      push a base, print its digest
//	build attest [flags] IMAGE          attach the provenance to an image
//	build list NAME=IMAGE[,BASE]…       images with all their digests, as JSON
//	build unpack IMAGE PLATFORM DIR     the files of an image
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, registry{remote.DefaultTransport})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer, r registry) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "base" && len(args) == 4:
		return runBase(ctx, args[0], args[1], args[2], args[3], out, r)
	case command == "attest":
		return runAttest(ctx, args, out, r)
	case command == "list" && len(args) > 0:
		return runList(ctx, args, out, r)
	case command == "unpack" && len(args) == 3:
		return unpack(ctx, args[0], args[1], args[2], r)
	}
	return fmt.Errorf("write: base NAME LOCK CACHE TAG, attest [flags] IMAGE, list NAME=IMAGE[,BASE]…, or unpack IMAGE PLATFORM DIR")
}

func runBase(ctx context.Context, title, lock, cache, to string, out io.Writer, r registry) error {
	f, err := os.Open(lock)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	files, err := readLock(f)
	if err != nil {
		return fmt.Errorf("%s: %w", lock, err)
	}
	tag, err := name.NewTag(to)
	if err != nil {
		return err
	}
	digest, err := pushBase(ctx, title, tag, cache, files, r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, digest)
	return err
}

func runAttest(ctx context.Context, args []string, out io.Writer, r registry) error {
	var o origin
	flags := flag.NewFlagSet("attest", flag.ContinueOnError)
	flags.StringVar(&o.Commit, "commit", "", "the commit of Git it was built of")
	flags.StringVar(&o.GoSum, "gosum", "", "the SHA-256 of go.sum")
	flags.StringVar(&o.Go, "go", "", "the version of Go")
	flags.StringVar(&o.By, "builder", source+"/infra/images", "who built, as an address")
	flags.StringVar(&o.For, "platforms", "", "the platforms it was built for")
	below := flags.String("base", "", "the image below, with its digest")
	key := flags.String("key", "", "a private key to sign with (PKCS #8, PEM, ECDSA P-256)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	image, err := parseDigest(flags.Arg(0))
	if err != nil {
		return err
	}
	if o.Base, err = parseDigest(*below); err != nil {
		return fmt.Errorf("-base: %w", err)
	}
	document, err := provenance(image, o)
	if err != nil {
		return err
	}
	kind := statementType
	if *key != "" {
		if document, err = sign(*key, document); err != nil {
			return fmt.Errorf("sign the provenance: %w", err)
		}
		kind = envelopeType
	}
	digest, err := attach(ctx, image, kind, document, r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, digest)
	return err
}

func runList(ctx context.Context, args []string, out io.Writer, r registry) error {
	var images []listed
	for _, arg := range args {
		title, text, _ := strings.Cut(arg, "=")
		text, below, _ := strings.Cut(text, ",")
		image, err := parseDigest(text)
		if err != nil {
			return fmt.Errorf("%s: %w", arg, err)
		}
		one, err := list(ctx, title, image, r)
		if err != nil {
			return err
		}
		if below != "" {
			base, err := parseDigest(below)
			if err != nil {
				return fmt.Errorf("%s: %w", arg, err)
			}
			if err := liesOn(ctx, image, base, r); err != nil {
				return err
			}
			one.Base = base.DigestStr()
		}
		images = append(images, one)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(images)
}
