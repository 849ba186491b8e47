package productmd

import (
	"cmp"
	"io"
	"slices"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Images is images.json: the images in a compose, by variant and architecture.
// Repositories alone have none; the file is there all the same.
type Images struct {
	Compose Compose
	Images  map[string]map[string][]Image
}

// Image is one image file.
type Image struct {
	// AdditionalVariants are the variants on an image of several.
	AdditionalVariants []string          `json:"additional_variants,omitempty"`
	Arch               string            `json:"arch"`
	Bootable           bool              `json:"bootable"`
	Checksums          map[string]string `json:"checksums"`
	DiscCount          int               `json:"disc_count"`
	DiscNumber         int               `json:"disc_number"`
	Format             string            `json:"format"`
	ImplantMD5         *string           `json:"implant_md5"`
	MTime              int64             `json:"mtime"` // Unix seconds
	Path               string            `json:"path"`
	Size               int64             `json:"size"` // bytes
	Subvariant         string            `json:"subvariant"`
	Type               string            `json:"type"`
	Unified            bool              `json:"unified,omitempty"`
	VolumeID           *string           `json:"volume_id"`
}

type imagesJSON struct {
	Header  header `json:"header"`
	Payload struct {
		Compose composeJSON                   `json:"compose"`
		Images  map[string]map[string][]Image `json:"images"`
	} `json:"payload"`
}

// Write writes images.json.
func (i Images) Write(w io.Writer) error {
	if err := i.Compose.check(); err != nil {
		return err
	}
	var out imagesJSON
	out.Header = header{typeImages, version}
	out.Payload.Compose = i.Compose.json()
	out.Payload.Images = map[string]map[string][]Image{}
	for variant, arches := range i.Images {
		out.Payload.Images[variant] = map[string][]Image{}
		for arch, images := range arches {
			if err := checkImages(variant, arch, images); err != nil {
				return err
			}
			sorted := slices.SortedFunc(slices.Values(images), func(a, b Image) int { return cmp.Compare(a.Path, b.Path) })
			out.Payload.Images[variant][arch] = sorted
		}
	}
	return encode(w, out)
}

func checkImages(variant, arch string, images []Image) error {
	if rpm.IsSource(arch) {
		return wrong("images of %.80q are listed under %s: they belong to the other architectures", variant, arch)
	}
	for _, image := range images {
		if err := relative(image.Path); err != nil {
			return wrong("image of %.80q on %.40q: %w", variant, arch, err)
		}
		if image.Size <= 0 || len(image.Checksums) == 0 || image.Type == "" || image.Format == "" || image.Arch == "" {
			return wrong("image %.120q has no size, checksums, type, format or architecture", image.Path)
		}
	}
	return nil
}
