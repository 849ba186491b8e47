package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/state"
)

// LatestPrefix is where the pointers to the latest composes lie, each in a
// folder of its rule's name for it. Everybody may read them.
const LatestPrefix = compose.Root + "latest-"

// latest is what tells which compose is the newest of a name.
type latest struct {
	Compose int64     `json:"compose"`
	ID      string    `json:"compose_id"`
	URL     string    `json:"url"`
	Arches  []string  `json:"arches"`
	At      time.Time `json:"at"`
	Rule    string    `json:"rule"`
	Event   int64     `json:"koji_event,omitempty"`
}

// Pointers are what lies below composes/latest-NAME/ for a rule whose newest
// compose changed. S3 has no links, so dnf is given a list of mirrors with one
// entry for each architecture: it reads it anew whenever it refreshes, and needs
// nothing but the bucket. Base is the address composes are found under.
func (r Rule) Pointers(base string, before, after State) ([]state.Object, error) {
	if r.Latest == "" || after.Last.Compose == 0 || after.Last.Compose == before.Last.Compose {
		return nil, nil
	}
	base = strings.TrimSuffix(base, "/")
	name := compose.Name(after.Last.Dir)
	dir := base + "/" + name
	prefix := LatestPrefix + r.Latest + "/"
	arches := slices.Sorted(slices.Values(after.Last.Arches))
	told, err := json.MarshalIndent(latest{
		Compose: after.Last.Compose, ID: name, URL: dir, Arches: arches,
		At: after.Last.At.UTC(), Rule: r.Name, Event: after.Last.Event,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("tell of the latest %s: %w", r.Latest, err)
	}
	// What tells of it comes last: who reads that finds the rest.
	out := []state.Object{{Key: prefix + r.Latest + ".repo", Type: "text/plain; charset=utf-8", Body: r.repoFile(base)}}
	for _, arch := range arches {
		list := fmt.Sprintf("%s/compose/Temporary/%s/os/\n", dir, arch)
		out = append(out, state.Object{Key: prefix + "mirrors/" + arch, Type: "text/plain; charset=utf-8", Body: []byte(list)})
	}
	out = append(out, state.Object{Key: prefix + "latest.json", Type: "application/json", Body: append(told, '\n')})
	return out, nil
}

// repoFile never changes: what it points to does.
func (r Rule) repoFile(base string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "[%s]\nname=Latest %s\nmirrorlist=%s/latest-%s/mirrors/$basearch\n", r.Latest, r.Latest, base, r.Latest)
	b.WriteString("type=rpm-md\nmetadata_expire=60\nskip_if_unavailable=False\ngpgcheck=0\nrepo_gpgcheck=0\nenabled=1\n")
	return b.Bytes()
}
