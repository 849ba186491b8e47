package productmd

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
)

// ComposeInfo is composeinfo.json: the release a compose is of, its variants
// and where their trees lie.
type ComposeInfo struct {
	Compose  Compose
	Release  Release
	Base     *Base // set for a layered product
	Variants []Variant
}

// Release is what was composed.
type Release struct {
	Name     string
	Short    string
	Version  string
	Type     string // empty means "ga"
	Internal bool
}

// Variant is one part of a compose, with trees of its own.
type Variant struct {
	ID     string // letters and digits
	UID    string // the parent's UID, a dash and ID; ID for a top one
	Name   string // for people
	Type   string // "variant", "optional", "addon" or "layered-product"
	Arches []string
	// Paths are the folders, relative to the compose's "compose" folder: kind
	// (os_tree, packages, repository, source_tree, …), then architecture.
	Paths    map[string]map[string]string
	Release  *Release // of a layered product
	Variants []Variant
}

// Tree tells which trees a variant has on one architecture.
type Tree struct{ Binary, Debug, Source bool }

// Layout gives the folders of a variant as Pungi lays them out, for the trees
// there are: "Temporary/x86_64/os", "Temporary/x86_64/debug/tree",
// "Temporary/source/tree".
func Layout(variant string, trees map[string]Tree) map[string]map[string]string {
	paths := map[string]map[string]string{}
	add := func(prefix, arch, folder string) {
		for kind, path := range map[string]string{
			"packages": folder + "/Packages", "repository": folder, "tree": folder,
		} {
			if kind == "tree" && prefix == "" {
				kind = "os_tree"
			}
			if paths[prefix+kind] == nil {
				paths[prefix+kind] = map[string]string{}
			}
			paths[prefix+kind][arch] = variant + "/" + path
		}
	}
	for arch, tree := range trees {
		if tree.Binary {
			add("", arch, arch+"/os")
		}
		if tree.Debug {
			add("debug_", arch, arch+"/debug/tree")
		}
		if tree.Source {
			add("source_", arch, "source/tree")
		}
	}
	return paths
}

type releaseJSON struct {
	Internal  bool   `json:"internal"`
	IsLayered bool   `json:"is_layered,omitempty"`
	Name      string `json:"name"`
	Short     string `json:"short"`
	Type      string `json:"type"`
	Version   string `json:"version"`
}

type variantJSON struct {
	Arches   []string                     `json:"arches"`
	ID       string                       `json:"id"`
	Name     string                       `json:"name"`
	Paths    map[string]map[string]string `json:"paths"`
	Release  *releaseJSON                 `json:"release,omitempty"`
	Type     string                       `json:"type"`
	UID      string                       `json:"uid"`
	Variants []string                     `json:"variants,omitempty"`
}

type composeInfoJSON struct {
	Header  header `json:"header"`
	Payload struct {
		Base     *Base                  `json:"base_product,omitempty"`
		Compose  composeJSON            `json:"compose"`
		Release  releaseJSON            `json:"release"`
		Variants map[string]variantJSON `json:"variants"`
	} `json:"payload"`
}

// Write writes composeinfo.json.
func (c ComposeInfo) Write(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	var out composeInfoJSON
	out.Header = header{typeComposeInfo, version}
	out.Payload.Compose = c.Compose.json()
	out.Payload.Release = c.Release.json(c.Base != nil)
	out.Payload.Variants = map[string]variantJSON{}
	if c.Base != nil {
		base := *c.Base
		if base.Type == "" {
			base.Type = "ga"
		}
		out.Payload.Base = &base
	}
	flatten(c.Variants, out.Payload.Variants)
	return encode(w, out)
}

func flatten(variants []Variant, into map[string]variantJSON) {
	for _, v := range variants {
		flat := variantJSON{
			Arches: slices.Sorted(slices.Values(v.Arches)), ID: v.ID, Name: v.Name, Paths: v.Paths, Type: v.Type, UID: v.UID,
		}
		if flat.Paths == nil {
			flat.Paths = map[string]map[string]string{}
		}
		if v.Release != nil {
			layered := v.Release.json(true)
			flat.Release = &layered
		}
		for _, child := range v.Variants {
			flat.Variants = append(flat.Variants, child.ID)
		}
		slices.Sort(flat.Variants)
		into[v.UID] = flat
		flatten(v.Variants, into)
	}
}

// ReadComposeInfo reads composeinfo.json, no more than limit bytes of it.
func ReadComposeInfo(r io.Reader, limit int64) (ComposeInfo, error) {
	raw, err := readAll(r, limit)
	if err != nil {
		return ComposeInfo{}, wrong("composeinfo.json: %w", err)
	}
	var in composeInfoJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return ComposeInfo{}, wrong("composeinfo.json: %w", err)
	}
	if err := in.Header.check(typeComposeInfo); err != nil {
		return ComposeInfo{}, wrong("composeinfo.json: %w", err)
	}
	compose, err := in.Payload.Compose.compose()
	if err != nil {
		return ComposeInfo{}, err
	}
	out := ComposeInfo{Compose: compose, Release: in.Payload.Release.release(), Base: in.Payload.Base}
	children := map[string]bool{}
	for _, v := range in.Payload.Variants {
		for _, id := range v.Variants {
			children[v.UID+"-"+id] = true
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(in.Payload.Variants)) {
		if !children[uid] {
			v, err := unflatten(in.Payload.Variants, uid, 0)
			if err != nil {
				return ComposeInfo{}, err
			}
			out.Variants = append(out.Variants, v)
		}
	}
	return out, out.check()
}

func unflatten(all map[string]variantJSON, uid string, depth int) (Variant, error) {
	in, found := all[uid]
	if !found || depth > 8 {
		return Variant{}, wrong("variant %.80q is named as a part of another and is not there, or contains itself", uid)
	}
	out := Variant{ID: in.ID, UID: in.UID, Name: in.Name, Type: in.Type, Arches: in.Arches, Paths: in.Paths}
	if in.UID != uid {
		return Variant{}, wrong("variant %.80q is listed as %.80q", in.UID, uid)
	}
	if in.Release != nil {
		release := in.Release.release()
		out.Release = &release
	}
	for _, id := range in.Variants {
		child, err := unflatten(all, uid+"-"+id, depth+1)
		if err != nil {
			return Variant{}, err
		}
		out.Variants = append(out.Variants, child)
	}
	return out, nil
}

func (r Release) json(layered bool) releaseJSON {
	kind := r.Type
	if kind == "" {
		kind = "ga"
	}
	return releaseJSON{
		Internal: r.Internal, IsLayered: layered, Name: r.Name, Short: r.Short, Type: kind, Version: r.Version,
	}
}

func (r releaseJSON) release() Release {
	return Release{Name: r.Name, Short: r.Short, Version: r.Version, Type: strings.ToLower(r.Type), Internal: r.Internal}
}

func (c ComposeInfo) check() error {
	if err := c.Compose.check(); err != nil {
		return err
	}
	r := c.Release
	if r.Name == "" || r.Short == "" || r.Version == "" {
		return wrong("release of %s has name %.60q, short name %.60q and version %.60q", c.Compose.ID, r.Name, r.Short, r.Version)
	}
	if r.Type != "" && !slices.Contains(releaseTypes(), r.Type) {
		return wrong("type %.40q of the release %s: known are %s", r.Type, r.Short, strings.Join(releaseTypes(), ", "))
	}
	return checkVariants(c.Variants, nil)
}

func checkVariants(variants []Variant, parent *Variant) error {
	for i, v := range variants {
		uid := v.ID
		if parent != nil {
			uid = parent.UID + "-" + v.ID
		}
		plain := !strings.ContainsFunc(v.ID, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		if v.ID == "" || !plain || v.UID != uid && (parent != nil || strings.ReplaceAll(v.UID, "-", "") != uid) {
			return wrong("variant with id %.80q and uid %.80q", v.ID, v.UID)
		}
		if v.Name == "" || len(v.Arches) == 0 {
			return wrong("variant %s has no name or no architectures", v.UID)
		}
		if !slices.Contains([]string{"variant", "optional", "addon", "layered-product"}, v.Type) {
			return wrong("type %.40q of the variant %s", v.Type, v.UID)
		}
		for kind, byArch := range v.Paths {
			for arch, path := range byArch {
				if err := relative(path); err != nil {
					return wrong("%.40s of %s on %.40s: %w", kind, v.UID, arch, err)
				}
			}
		}
		if err := checkVariants(v.Variants, &variants[i]); err != nil {
			return err
		}
	}
	return nil
}
