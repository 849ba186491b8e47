package header

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// Identity is the SHA-256 of the main header, hexadecimal. A package that is
// signed again keeps it: only the signature header changes. It is computed, and
// compared with what the signature header says (tag 273, from rpm 4.14 on):
// ErrBroken when the two differ.
func (h Header) Identity() (string, error) {
	sum := sha256.Sum256(h.raw)
	computed := hex.EncodeToString(sum[:])
	claimed, err := h.signature.Raw(SigSHA256)
	if err != nil {
		return "", err
	}
	if claimed != nil && !strings.EqualFold(string(claimed), computed) {
		return "", fmt.Errorf("%w: the main header has SHA-256 %s, its signature header says %.80q", ErrBroken, computed, claimed)
	}
	return computed, nil
}

// SigMD5 is the MD5 of main header and payload, hexadecimal, by which Koji
// tells packages apart (its "payloadhash"). It is empty when the package has
// none, as those of rpm 6.
func (h Header) SigMD5() (string, error) {
	sum, err := h.signature.Bin(SigMD5Sum)
	return hex.EncodeToString(sum), err
}

// IsSource reports whether this is a source package, by rpm's own rules: the
// header says so, or it names no source package and all its files lie in one
// folder without a name.
func (h Header) IsSource() (bool, error) {
	says, ok, err := h.Number(SourcePackage)
	if err != nil || ok || h.Has(SourceRPM) {
		return says != 0, err
	}
	folders, err := h.Strings(DirNames)
	if err != nil || folders.Len() != 1 {
		return false, err
	}
	folder, _ := folders.Next()
	return len(folder) == 0, nil
}

// NVRA names the package; a source package has the architecture "src" (or
// "nosrc", which no header tells apart). A name that could not be a
// file's, or that does not read back the same, is ErrBroken.
func (h Header) NVRA() (rpm.NVRA, error) {
	var n rpm.NVRA
	for _, part := range []struct {
		tag  Tag
		text *string
	}{{Name, &n.Name}, {Version, &n.Version}, {Release, &n.Release}, {Arch, &n.Arch}} {
		text, err := h.Text(part.tag)
		if err != nil {
			return rpm.NVRA{}, err
		}
		if text == "" {
			return rpm.NVRA{}, h.broken(part.tag, "is missing or empty")
		}
		*part.text = text
	}
	epoch, _, err := h.Number(Epoch)
	if err != nil {
		return rpm.NVRA{}, err
	}
	source, err := h.IsSource()
	if err != nil {
		return rpm.NVRA{}, err
	}
	if source {
		n.Arch = rpm.Source
	}
	back, err := rpm.ParseNVRA(n.String())
	if err != nil || back != n {
		return rpm.NVRA{}, fmt.Errorf("%w: name %.80q, version %.80q, release %.80q and architecture %.80q make no package's name",
			ErrBroken, n.Name, n.Version, n.Release, n.Arch)
	}
	n.Epoch = int(min(epoch, 1<<31-1))
	return n, nil
}
