// Package rpm reads the names of packages — name, epoch, version, release and
// architecture — and tells which of two versions is newer, as rpm does.
package rpm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// EVR is what makes one build of a package newer than another. A missing epoch
// is 0, as for rpm.
type EVR struct {
	Epoch            int
	Version, Release string
}

// NVR names a build: "hello-2.12-3.fc45". A build in Koji may have an epoch,
// which is not part of the name.
type NVR struct {
	Name string
	EVR
}

// NVRA names one package: "hello-2.12-3.fc45.x86_64". The architecture of a
// source package is Source.
type NVRA struct {
	NVR
	Arch string
}

// ErrName says that a text is no name of a package.
var ErrName = errors.New("no name of a package")

// maxName bounds what is taken for a name: file systems end at 255.
const maxName = 512

// ParseEVR reads "[epoch:]version[-release]".
func ParseEVR(text string) (EVR, error) {
	var e EVR
	if err := check(text); err != nil {
		return e, err
	}
	rest := text
	if epoch, after, found := strings.Cut(text, ":"); found {
		n, err := parseEpoch(epoch)
		if err != nil {
			return e, fmt.Errorf("%w: %.80q has epoch %.20q", ErrName, text, epoch)
		}
		e.Epoch, rest = n, after
	}
	e.Version = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		e.Version, e.Release = rest[:i], rest[i+1:]
		if e.Release == "" {
			return EVR{}, fmt.Errorf("%w: %.80q", ErrName, text)
		}
	}
	if e.Version == "" || strings.ContainsAny(e.Version, "-:") || strings.Contains(e.Release, ":") {
		return EVR{}, fmt.Errorf("%w: %.80q", ErrName, text)
	}
	return e, nil
}

// ParseNVR reads "name-version-release". An epoch may stand before the name,
// as yum wrote it, or before the version, as dnf does.
func ParseNVR(text string) (NVR, error) {
	if err := check(text); err != nil {
		return NVR{}, err
	}
	bad := fmt.Errorf("%w: %.80q", ErrName, text)
	rest, release, ok := cutLast(text)
	if !ok {
		return NVR{}, bad
	}
	name, version, ok := cutLast(rest)
	if !ok {
		return NVR{}, bad
	}
	nvr := NVR{Name: name, EVR: EVR{Version: version, Release: release}}
	for _, part := range []*string{&nvr.Name, &nvr.Version} {
		epoch, after, found := strings.Cut(*part, ":")
		if !found {
			continue
		}
		n, err := parseEpoch(epoch)
		if err != nil || nvr.Epoch != 0 {
			return NVR{}, bad
		}
		nvr.Epoch, *part = n, after
	}
	if nvr.Name == "" || nvr.Version == "" || nvr.Release == "" ||
		strings.Contains(nvr.Name+nvr.Version+nvr.Release, ":") {
		return NVR{}, bad
	}
	return nvr, nil
}

// ParseNVRA reads "name-version-release.arch", with ".rpm" or without, also
// with a folder before it.
func ParseNVRA(text string) (NVRA, error) {
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		text = text[i+1:]
	}
	text = strings.TrimSuffix(text, ".rpm")
	i := strings.LastIndexByte(text, '.')
	if i < 0 || i == len(text)-1 || strings.ContainsRune(text[i:], '-') {
		return NVRA{}, fmt.Errorf("%w: %.80q has no architecture", ErrName, text)
	}
	nvr, err := ParseNVR(text[:i])
	if err != nil {
		return NVRA{}, err
	}
	if strings.Contains(text[i:], ":") {
		return NVRA{}, fmt.Errorf("%w: %.80q", ErrName, text)
	}
	return NVRA{NVR: nvr, Arch: text[i+1:]}, nil
}

// String writes "[epoch:]version-release"; an epoch of 0 is left out.
func (e EVR) String() string {
	text := e.Version
	if e.Release != "" {
		text += "-" + e.Release
	}
	if e.Epoch != 0 {
		text = strconv.Itoa(e.Epoch) + ":" + text
	}
	return text
}

// String writes "name-version-release", as Koji and file names have it: without
// the epoch.
func (n NVR) String() string { return n.Name + "-" + n.Version + "-" + n.Release }

// String writes "name-version-release.arch", without the epoch.
func (n NVRA) String() string { return n.NVR.String() + "." + n.Arch }

// NEVRA writes "name-epoch:version-release.arch", the epoch also where it is 0,
// as the metadata of composes has it.
func (n NVRA) NEVRA() string {
	return n.Name + "-" + strconv.Itoa(n.Epoch) + ":" + n.Version + "-" + n.Release + "." + n.Arch
}

// SplitNEVRA takes what NEVRA writes apart, with an epoch or without. Nothing
// but its form is looked at: it is for names that were read before.
func SplitNEVRA(nevra string) (name, evr, arch string, ok bool) {
	dot := strings.LastIndexByte(nevra, '.')
	if dot < 0 {
		return "", "", "", false
	}
	rest, release, _ := cutLast(nevra[:dot])
	name, version, ok := cutLast(rest)
	if !ok || name == "" {
		return "", "", "", false
	}
	return name, version + "-" + release, nevra[dot+1:], true
}

// NameOf is the name in name-version-release, with whatever else there is in
// version and release; a text that is not of this form it gives as it is.
func NameOf(nvr string) string {
	rest, _, _ := cutLast(nvr)
	if name, _, ok := cutLast(rest); ok {
		return name
	}
	return nvr
}

// File is the name of the package's file.
func (n NVRA) File() string { return n.String() + ".rpm" }

func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, '-')
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

func parseEpoch(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// check refuses what may not stand in a path or a command line.
func check(text string) error {
	if text == "" || len(text) > maxName {
		return fmt.Errorf("%w: %d bytes", ErrName, len(text))
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c == 0x7f || c == '/' {
			return fmt.Errorf("%w: %.80q", ErrName, text)
		}
	}
	return nil
}
