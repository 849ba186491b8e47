package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/release"
	"github.com/distaff-project/distaff/shared/blob"
)

func releaseCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "What a release consists of, and which one an environment runs",
		Long: example(
			"distaff release show bin/release.json", "its images, with what each is for a platform",
			"distaff release use bin/release.json --overlay infra/overlays/stg", "make staging run it, with the next kubectl apply",
			"distaff release keep bin/release.json --config distaff.yaml", "store it in the bucket, for good",
		) + "make images writes a release. docs/images.md tells more.",
	}
	cmd.AddCommand(releaseMake(s), releaseShow(s), releaseUse(s), releaseKeep(s))
	return cmd
}

func releaseMake(s streams) *cobra.Command {
	r := release.Release{Schema: release.Schema, Config: release.ConfigSchema, Go: runtime.Version()}
	var when int64
	var images, modules, out string
	cmd := &cobra.Command{
		Use:   "make",
		Short: "Write the release of images that were built (make images does)",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := os.ReadFile(images)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			if r.Images, err = release.ParseImages(list); err != nil {
				return failed(exitTrouble, "%s: %w", images, err)
			}
			pinned, err := os.ReadFile(modules)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			sum := sha256.Sum256(pinned)
			r.Modules, r.Time = "sha256:"+hex.EncodeToString(sum[:]), time.Unix(when, 0).UTC()
			text, err := r.JSON()
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			if err := os.WriteFile(out, text, 0o644); err != nil {
				return failed(exitTrouble, "%w", err)
			}
			s.progress("wrote %s", out)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.Version, "version", "", "its name")
	flags.StringVar(&r.Commit, "commit", "", "the commit of Git it was built of, in full")
	flags.Int64Var(&when, "time", 0, "the time of that commit, in seconds since 1970")
	flags.StringVar(&images, "images", "bin/images.json", "the images, as the build lists them")
	flags.StringVar(&modules, "modules", "go.sum", "the list of modules it was built of")
	flags.StringVar(&out, "out", "bin/release.json", "the file to write")
	for _, name := range []string{"version", "commit", "time"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// readRelease reads the release in a file.
func readRelease(file string) (*release.Release, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	r, err := release.Parse(text)
	if err != nil {
		return nil, failed(exitFailed, "%s: %w", file, err)
	}
	return r, nil
}

func releaseShow(s streams) *cobra.Command {
	var form format
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Tell what a release consists of",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := form.check(); err != nil {
				return err
			}
			r, err := readRelease(args[0])
			if err != nil {
				return err
			}
			if form == "json" {
				return writeJSON(s.out, r)
			}
			_, _ = fmt.Fprintf(s.out, "release %s, commit %.12s of %s, %s\n", r.Version, r.Commit, stamp(r.Time), r.Go)
			rows := [][]string{{"IMAGE", "PLATFORM", "MB", "DIGEST"}}
			for _, image := range r.Images {
				rows = append(rows, []string{image.Name, "all", "", image.Digest})
				for _, platform := range slices.Sorted(maps.Keys(image.Platforms)) {
					rows = append(rows, []string{"", platform, fmt.Sprintf("%.1f", float64(image.Bytes[platform])/1e6), image.Platforms[platform]})
				}
			}
			table(s.out, rows)
			return nil
		},
	}
	form.flag(cmd)
	return cmd
}

func releaseUse(s streams) *cobra.Command {
	var overlay string
	cmd := &cobra.Command{
		Use:   "use FILE",
		Short: "Make an environment run a release: write the digests into its overlay",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readRelease(args[0])
			if err != nil {
				return err
			}
			file, err := r.Use(overlay)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			s.progress("%s says release %s now: look at the difference, commit it, apply the overlay", file, r.Version)
			return nil
		},
	}
	cmd.Flags().StringVar(&overlay, "overlay", "", "the directory of the overlay, as infra/overlays/stg")
	_ = cmd.MarkFlagRequired("overlay")
	return cmd
}

func releaseKeep(s streams) *cobra.Command {
	var where place
	cmd := &cobra.Command{
		Use:   "keep FILE",
		Short: "Store a release in the bucket, where it never changes again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := readRelease(args[0])
			if err != nil {
				return err
			}
			in, err := where.open(cmd.Context())
			if err != nil {
				return err
			}
			defer in.close()
			if err := keep(cmd.Context(), in, r); err != nil {
				return err
			}
			s.progress("%s is in %s", r.Key(), where.named())
			return nil
		},
	}
	where.flags(cmd)
	return cmd
}

// keep stores r under its name, which stands for one release for ever.
func keep(ctx context.Context, in *opened, r *release.Release) error {
	text, err := r.JSON()
	if err != nil {
		return failed(exitTrouble, "%w", err)
	}
	_, err = in.files.Put(ctx, r.Key(), text, blob.Absent)
	if err == nil {
		return nil
	}
	if !errors.Is(err, blob.ErrConflict) {
		return failed(exitTrouble, "store %s: %w", r.Key(), err)
	}
	there, err := in.files.Get(ctx, r.Key())
	if err != nil {
		return failed(exitTrouble, "read %s: %w", r.Key(), err)
	}
	if !bytes.Equal(there.Body, text) {
		return failed(exitFailed, "another release %s is in the bucket already: give this one another version", r.Version)
	}
	return nil
}
