package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nobody is who functions run as: the user the project of distroless images made
// customary.
const nobody = 65532

const bundle = "etc/ssl/certs/ca-certificates.crt"

// base is one image others are built on, for one platform.
type base struct {
	image v1.Image
	spdx  []byte
	made  time.Time
}

// makeBase makes the base of a lock's files for an architecture.
func makeBase(ctx context.Context, name, cache, arch string, files []file) (*base, error) {
	t, certificates, programs := newTree(), newTree(), false
	for _, f := range files {
		data, err := fetch(ctx, cache, f)
		if err != nil {
			return nil, err
		}
		content, control, err := openDeb(data)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", f.Package, err)
		}
		into, keep := t, wanted
		switch f.Package {
		case "base-files":
			keep = func(name string) bool { return name == "usr/lib/os-release" || name == "etc/debian_version" }
		case "ca-certificates":
			into, keep = certificates, func(name string) bool { return strings.HasPrefix(name, "usr/share/ca-certificates/mozilla/") }
		case "tzdata":
			keep = timeZone
		default:
			programs = true
		}
		if err := into.unpack(content, keep); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", f.Package, err)
		}
		// Where scanners of images look for packages, as in distroless images.
		t.file("var/lib/dpkg/status.d/"+f.Package, control)
	}
	if certificates.newest.After(t.newest) {
		t.newest = certificates.newest
	}
	t.file(bundle, certificates.concatenated())
	t.furnish(programs, arch)
	spdx, err := describe(name, files, t.newest)
	if err != nil {
		return nil, err
	}
	image, err := t.image(name, arch)
	return &base{image, spdx, t.newest}, err
}

// wanted leaves out what only people read, but for the licences.
func wanted(name string) bool {
	if strings.HasPrefix(name, "usr/share/doc/") {
		return strings.HasSuffix(name, "/copyright")
	}
	for _, unread := range []string{"man", "info", "locale", "lintian", "gtk-doc", "bash-completion", "bug"} {
		if strings.HasPrefix(name, "usr/share/"+unread+"/") {
			return false
		}
	}
	return true
}

// timeZone leaves out the two copies of all zones that count leap seconds
// otherwise.
func timeZone(name string) bool {
	return wanted(name) && !strings.HasPrefix(name, "usr/share/zoneinfo/right/") && !strings.HasPrefix(name, "usr/share/zoneinfo/posix/")
}

// concatenated is all files of t in one, each on lines of its own.
func (t *tree) concatenated() []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(t.entry)) {
		b.Write(bytes.TrimSpace(t.entry[name].body))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// furnish adds what no package has: users, places to write, the old paths.
func (t *tree) furnish(programs bool, arch string) {
	t.link("etc/os-release", "../usr/lib/os-release")
	t.file("etc/passwd", fmt.Appendf(nil, "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%[1]d:%[1]d:nonroot:/home/nonroot:/sbin/nologin\n", nobody))
	t.file("etc/group", fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", nobody))
	t.file("etc/nsswitch.conf", []byte("hosts: files dns\n"))
	t.dir("tmp", 0o1777, 0)
	t.dir("home/nonroot", 0o700, nobody)
	if !programs {
		return
	}
	for _, old := range []string{"bin", "sbin", "lib"} {
		t.link(old, "usr/"+old)
	}
	if arch == "amd64" || arch == "ppc64el" { // where the dynamic linker is looked for
		t.link("lib64", "usr/lib64")
	}
	// Debian's rpm keeps its database in the home of its user otherwise.
	t.file("etc/rpm/macros", []byte("%_dbpath /var/lib/rpm\n"))
	t.dir("var/lib/rpm", 0o755, nobody)
}

// image is one of the tree alone.
func (t *tree) image(name, arch string) (v1.Image, error) {
	archive, err := t.archive()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive)), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), mutate.Addendum{
		Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: t.newest}, CreatedBy: "distaff: infra/images/" + name + ".lock"},
	})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", platform(arch), v1.Time{Time: t.newest}
	config.Config.User = fmt.Sprintf("%d:%d", nobody, nobody)
	config.Config.WorkingDir = "/home/nonroot"
	config.Config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/" + bundle, "HOME=/home/nonroot"}
	config.Config.Labels = labels(name)
	return mutate.ConfigFile(image, config)
}

func labels(name string) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "distaff base " + name,
		"org.opencontainers.image.description": "What functions of distaff are put on: packages of Debian, see infra/images",
		"org.opencontainers.image.source":      source,
	}
}
