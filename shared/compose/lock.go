package compose

import (
	"crypto/sha256"
	"encoding/hex"
)

// Lock is exactly what a compose was made of, and enough to make it again. It
// never changes: it lies in the bucket under its digest.
type Lock struct {
	// Version of this form: 1.
	Version int `json:"version"`
	// Koji is the instance, Event the event its tags were read at, Tags the ids
	// of the tag and all it inherits then.
	Koji     string   `json:"koji,omitempty"`
	Event    int64    `json:"event,omitempty"`
	Tags     []int64  `json:"tags,omitempty"`
	TagNames []string `json:"tag_names,omitempty"`
	// Trees are the repositories, in order.
	Trees []Tree `json:"trees"`
}

// Tree is one repository of a compose.
type Tree struct {
	Variant string `json:"variant"` // Temporary
	Arch    string `json:"arch"`    // the base architecture, or "source"
	// Kind is os, debug or source.
	Kind string `json:"kind"`
	RPMs []RPM  `json:"rpms"`
	// Modules, Groups and UpdateInfo are digests of documents that lie beside
	// the lock and go into the metadata; empty: there is none.
	Modules    string `json:"modules,omitempty"`
	Groups     string `json:"groups,omitempty"`
	UpdateInfo string `json:"updateinfo,omitempty"`
}

// RPM is one package file in a tree.
type RPM struct {
	// ID is Koji's; 0 where it is not from Koji.
	ID    int64  `json:"id,omitempty"`
	NEVRA string `json:"nevra"` // bash-0:5.2-1.fc45.x86_64
	// Build is the NVR of its build, SRPM the NEVRA of its source package.
	Build string `json:"build,omitempty"`
	SRPM  string `json:"srpm,omitempty"`
	// Sigkey is the key of this copy; empty: unsigned.
	Sigkey string `json:"sigkey,omitempty"`
	// SHA256 is that of the whole file, and Size its length in bytes.
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Time is when it was built, in seconds since 1970.
	Time int64 `json:"time"`
	// Base is the address Path is below; empty: that of the Koji instance.
	Base string `json:"base,omitempty"`
	Path string `json:"path"`
}

// Digest names the packages of a lock: it is the same for two locks exactly if
// what is installed from them is the same, byte by byte. The event they were
// read at is no part of it.
func (l Lock) Digest() string {
	l.Event, l.Tags, l.TagNames = 0, nil, nil
	sum := sha256.New()
	_ = l.write(sum) // texts and numbers can always be encoded, and a sum be written to
	return hex.EncodeToString(sum.Sum(nil))
}
