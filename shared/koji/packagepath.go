package koji

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// BuildPath is the folder of a build below the top of Koji's file tree:
// "packages/hello/2.12/3.fc45", after "vol/<volume>/" unless the volume is
// DEFAULT or empty (koji.PathInfo.build). What is no plain name of a file is
// refused: the names come from outside, and end in paths and addresses.
func BuildPath(volume string, build rpm.NVR) (string, error) {
	path := "packages/" + build.Name + "/" + build.Version + "/" + build.Release
	parts := []string{build.Name, build.Version, build.Release}
	if volume != "" && volume != "DEFAULT" {
		path, parts = "vol/"+volume+"/"+path, append(parts, volume)
	}
	for _, part := range parts {
		if !plainName(part) {
			return "", fmt.Errorf("path of build %.200q: %.80q is no name of a folder", build.String(), part)
		}
	}
	return path, nil
}

// RPMPath is where a package file lies as it was built:
// "packages/hello/2.12/3.fc45/x86_64/hello-libs-2.12-3.fc45.x86_64.rpm". The
// folder is the build's, the file is called as the package.
func RPMPath(volume string, build rpm.NVR, p rpm.NVRA) (string, error) {
	return rpmPath(volume, build, p, "")
}

// SignedPath is where the copy of a package lies that is signed with a key of
// eight hex digits: "…/data/signed/a15b79cc/x86_64/….rpm".
func SignedPath(volume string, build rpm.NVR, p rpm.NVRA, key string) (string, error) {
	key = strings.ToLower(key)
	if !hexDigits(key, 8) {
		return "", fmt.Errorf("path of %.200q: %.40q is no key: eight hex digits", p.String(), key)
	}
	return rpmPath(volume, build, p, "data/signed/"+key+"/")
}

func rpmPath(volume string, build rpm.NVR, p rpm.NVRA, below string) (string, error) {
	dir, err := BuildPath(volume, build)
	if err != nil {
		return "", err
	}
	for _, part := range []string{p.Name, p.Version, p.Release, p.Arch, p.File()} {
		if !plainName(part) {
			return "", fmt.Errorf("path of %.200q: %.80q is no name of a file", p.String(), part)
		}
	}
	return dir + "/" + below + p.Arch + "/" + p.File(), nil
}

// plainName tells whether a word may be a part of a path. The characters are
// those of RPM names and versions, and the comma of a draft build's release.
func plainName(word string) bool {
	if word == "" || len(word) > 255 || word[0] == '.' {
		return false
	}
	for _, c := range []byte(word) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._+~^,-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// FilesURL is the address of a path below the top of Koji's file tree; empty
// if the configuration does not say where the files are served.
func (h *Hub) FilesURL(path string) string {
	if h.config.Files == "" {
		return ""
	}
	return h.config.Files + "/" + escape(path)
}
