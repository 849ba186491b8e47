package pungi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Variant is one part of the compose.
type Variant struct {
	ID, Name string
	// UID is the parent's, a dash and the ID; the ID for a top one.
	UID  string
	Type string // "variant", "optional", "addon" or "layered-product"
	// Empty: it has no packages of its own.
	Empty  bool
	Arches []string
	// Groups of the comps file are what it holds; all of them where there is none
	// and the variant is not empty.
	Groups       []Group
	Environments []string
	// Modules are NAME:STREAM…, or globs of these; ModuleTags the Koji tags they are
	// looked for in.
	Modules    []string
	ModuleTags []string
}

// Group is a group of packages in comps.
type Group struct {
	ID      string
	Glob    bool // ID is one
	Default bool
}

type variantsXML struct {
	Variants []variantXML `xml:"variant"`
	Refs     []struct {
		ID string `xml:"id,attr"`
	} `xml:"ref"`
}

type variantXML struct {
	ID     string   `xml:"id,attr"`
	Name   string   `xml:"name,attr"`
	Type   string   `xml:"type,attr"`
	Empty  string   `xml:"is_empty,attr"`
	Arches []string `xml:"arches>arch"`
	Groups []struct {
		ID      string `xml:",chardata"`
		Glob    string `xml:"glob,attr"`
		Default string `xml:"default,attr"`
	} `xml:"groups>group"`
	Environments []string    `xml:"environments>environment"`
	Modules      []string    `xml:"modules>module"`
	ModuleTags   []string    `xml:"modules>kojitag"`
	Release      *struct{}   `xml:"release"`
	Boot         *struct{}   `xml:"buildinstallpackages"`
	Children     variantsXML `xml:"variants"`
}

// ParseVariants reads the variants file. Children follow their parent.
func ParseVariants(raw []byte) ([]Variant, error) {
	if len(raw) > maxText {
		return nil, fmt.Errorf("%w: variants larger than %d bytes", ErrConfig, maxText)
	}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	var root struct {
		XMLName xml.Name `xml:"variants"`
		variantsXML
	}
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("%w: variants: %w", ErrConfig, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) && !trailing(raw[dec.InputOffset():]) {
		return nil, fmt.Errorf("%w: variants: something follows the end", ErrConfig)
	}
	var out []Variant
	if err := collect(root.variantsXML, nil, &out, map[string]bool{}); err != nil {
		return nil, fmt.Errorf("%w: variants: %w", ErrConfig, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: variants: there are none", ErrConfig)
	}
	return out, nil
}

// trailing allows line breaks and comments behind the document.
func trailing(rest []byte) bool {
	text := strings.TrimSpace(string(rest))
	return text == "" || strings.HasPrefix(text, "<!--")
}

func collect(in variantsXML, parent *Variant, out *[]Variant, seen map[string]bool) error {
	if len(in.Refs) > 0 {
		return fmt.Errorf("the reference to %.80q is not read: write the variant out", in.Refs[0].ID)
	}
	for _, x := range in.Variants {
		v := Variant{
			ID: x.ID, Name: x.Name, UID: x.ID, Type: x.Type, Empty: x.Empty == "true", Arches: trimmed(x.Arches),
			Environments: trimmed(x.Environments), Modules: trimmed(x.Modules), ModuleTags: trimmed(x.ModuleTags),
		}
		if parent != nil {
			v.UID = parent.UID + "-" + x.ID
		}
		if x.ID == "" || x.Name == "" || strings.ContainsFunc(strings.ReplaceAll(x.ID, "-", ""), func(r rune) bool { return r >= 0x80 || !isWord(byte(r)) }) || seen[v.UID] { //nolint:gosec // below 0x80
			return fmt.Errorf("variant with the id %.80q and the name %.80q, or there twice", x.ID, x.Name)
		}
		seen[v.UID] = true
		switch {
		case x.Type == "layered-product" || x.Release != nil:
			return fmt.Errorf("variant %s: layered products are not made here", v.UID)
		case x.Type != "variant" && x.Type != "optional" && x.Type != "addon":
			return fmt.Errorf("variant %s has the type %.40q", v.UID, x.Type)
		case len(v.Arches) == 0:
			return fmt.Errorf("variant %s has no architectures", v.UID)
		}
		for _, g := range x.Groups {
			v.Groups = append(v.Groups, Group{ID: strings.TrimSpace(g.ID), Glob: g.Glob == "true", Default: g.Default != "false"})
		}
		*out = append(*out, v)
		if err := collect(x.Children, &v, out, seen); err != nil {
			return err
		}
	}
	return nil
}

func trimmed(in []string) []string {
	var out []string
	for _, text := range in {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, text)
		}
	}
	return out
}
