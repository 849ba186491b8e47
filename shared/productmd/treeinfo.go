package productmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// TreeInfo is .treeinfo, which says what a tree of packages is. Anaconda and
// tools that sync repositories look for it beside repodata.
type TreeInfo struct {
	Release Release
	Base    *Base // set for a layered product
	Arch    string
	// Platforms that boot the tree, beside Arch.
	Platforms []string
	Built     int64 // Unix seconds
	Variants  []TreeVariant
	// Checksums are of files in the tree, by path: "sha256:…".
	Checksums map[string]string
}

// TreeVariant is a variant in a tree. Its folders are relative to the tree's:
// "Packages", and "." for a repository whose repodata lies at the top.
type TreeVariant struct {
	ID, UID, Name, Type  string
	Packages, Repository string
}

// Write writes .treeinfo. Sections and keys are sorted, as productmd does; the
// section "general" is for readers older than it.
func (t TreeInfo) Write(w io.Writer) error {
	if len(t.Variants) == 0 || t.Arch == "" || t.Built <= 0 || t.Release.Name == "" || t.Release.Version == "" {
		return wrong(".treeinfo needs a release, an architecture, a time and a variant")
	}
	platforms := strings.Join(slices.Compact(slices.Sorted(slices.Values(append([]string{t.Arch}, t.Platforms...)))), ",")
	var uids []string
	ini := map[string]map[string]string{
		"header":  {"type": "productmd.treeinfo", "version": version},
		"release": {"name": t.Release.Name, "short": t.Release.Short, "version": t.Release.Version},
		"tree":    {"arch": t.Arch, "build_timestamp": fmt.Sprint(t.Built), "platforms": platforms},
	}
	if t.Base != nil {
		ini["release"]["is_layered"] = "true"
		ini["base_product"] = map[string]string{"name": t.Base.Name, "short": t.Base.Short, "version": t.Base.Version}
	}
	for _, v := range t.Variants {
		uids = append(uids, v.UID)
		ini["variant-"+v.UID] = map[string]string{
			"id": v.ID, "uid": v.UID, "name": v.Name, "type": v.Type, "packages": v.Packages, "repository": v.Repository,
		}
	}
	slices.Sort(uids)
	ini["tree"]["variants"] = strings.Join(uids, ",")
	if len(t.Checksums) > 0 {
		ini["checksums"] = t.Checksums
	}
	first := ini["variant-"+uids[0]]
	ini["general"] = map[string]string{
		"; WARNING.0": "This section provides compatibility with pre-productmd treeinfos.",
		"; WARNING.1": "Read productmd documentation for details about new format.",
		"arch":        t.Arch, "family": t.Release.Name, "name": t.Release.Name + " " + t.Release.Version,
		"packagedir": first["packages"], "platforms": platforms, "repository": first["repository"],
		"timestamp": fmt.Sprint(t.Built), "variant": uids[0], "variants": ini["tree"]["variants"], "version": t.Release.Version,
	}
	var text strings.Builder
	for _, section := range slices.Sorted(maps.Keys(ini)) {
		fmt.Fprintf(&text, "[%s]\n", section)
		for _, key := range slices.Sorted(maps.Keys(ini[section])) {
			value := ini[section][key]
			if strings.ContainsFunc(section+key+value, control) || strings.ContainsAny(section, "[]%") ||
				strings.ContainsAny(key, "=:%") || strings.Contains(value, "%") {
				return wrong(".treeinfo cannot hold %.80q = %.80q in the section %.80q", key, value, section)
			}
			fmt.Fprintf(&text, "%s = %s\n", key, value)
		}
		text.WriteByte('\n')
	}
	_, err := io.WriteString(w, text.String())
	return err
}
