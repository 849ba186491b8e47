// Package release is the object that says what a release of distaff consists of:
// each image by its digest. An environment runs a release because its overlay was
// written from one, by whichever hand; there is no second way.
package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// Schema is the form of the object.
const Schema = 1

// ConfigSchema is raised when a distaff.yaml that was good is not any more.
const ConfigSchema = 1

// most is how large a release may be, in bytes.
const most = 1 << 20

// Release is what was built of one commit.
type Release struct {
	Schema  int       `json:"schema"`
	Version string    `json:"version"`
	Commit  string    `json:"commit"` // Git's, in full
	Time    time.Time `json:"time"`   // of the commit, not of the build
	Go      string    `json:"go"`     // as go version says: go1.26.8
	Modules string    `json:"modules"`
	Config  int       `json:"config"`
	Images  []Image   `json:"images"`
}

// Image is one image, which is an index of one for each platform. Digests are
// written sha256:<64 hexadecimal digits>.
type Image struct {
	Name       string            `json:"name"`
	Repository string            `json:"repository"` // with the registry, without tag
	Digest     string            `json:"digest"`
	Platforms  map[string]string `json:"platforms"`      // linux/amd64 → its digest
	Bytes      map[string]int64  `json:"bytes"`          // what a platform's is compressed
	Base       string            `json:"base,omitempty"` // the digest of the image below
	SBOM       string            `json:"sbom,omitempty"` // of the list of its contents
	Provenance string            `json:"provenance,omitempty"`
}

// Key is where the release lies in the bucket.
func (r *Release) Key() string { return "releases/" + r.Version + ".json" }

// Image gives the image called name.
func (r *Release) Image(name string) (Image, bool) {
	for _, image := range r.Images {
		if image.Name == name {
			return image, true
		}
	}
	return Image{}, false
}

// Parse reads a release and refuses one it does not understand in full.
func Parse(data []byte) (*Release, error) {
	var r Release
	if err := strict(data, &r); err != nil {
		return nil, fmt.Errorf("read the release: %w", err)
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	return &r, nil
}

// ParseImages reads the list of images the build writes.
func ParseImages(data []byte) ([]Image, error) {
	var images []Image
	if err := strict(data, &images); err != nil {
		return nil, fmt.Errorf("read the images: %w", err)
	}
	return images, nil
}

// strict reads one JSON value, of which every field is known.
func strict(data []byte, into any) error {
	if len(data) > most {
		return fmt.Errorf("it is larger than %d bytes", most)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after its end")
	}
	return nil
}

// JSON is how the release is stored: the same release, the same bytes.
func (r *Release) JSON() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// The grammars of names: those of OCI's distribution-spec for repository and
// digest; ours for versions, which become a key and a tag.
var (
	versionForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	commitForm     = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	goForm         = regexp.MustCompile(`^go[0-9][0-9a-z.-]{0,30}$`)
	nameForm       = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	digestForm     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	platformForm   = regexp.MustCompile(`^linux/[a-z0-9]+(/v[0-9]+)?$`)
	repositoryForm = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)+$`)
)
