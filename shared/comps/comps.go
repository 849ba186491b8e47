// Package comps reads and writes comps.xml, which sorts packages into groups that
// people choose from, and groups into environments.
//
// The format is that of Fedora's comps files (comps.rng of fedora-comps) and what
// libcomps reads of it. In repodata the file is the record "group".
package comps

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrComps says that a text is no comps file.
var ErrComps = errors.New("comps file")

// Largest is how many bytes of a comps file are read: 16 MiB, eight times Fedora's.
const Largest = 16 << 20

// Comps is a comps file.
type Comps struct {
	XMLName      xml.Name      `xml:"comps"`
	Groups       []Group       `xml:"group"`
	Categories   []Category    `xml:"category"`
	Environments []Environment `xml:"environment"`
	Langpacks    *Langpacks    `xml:"langpacks"`
}

// Text is a name or description: in English, or in the language it says.
type Text struct {
	Lang  string `xml:"http://www.w3.org/XML/1998/namespace lang,attr,omitempty"`
	Value string `xml:",chardata"`
}

// Group is a group of packages.
type Group struct {
	ID           string    `xml:"id"`
	Names        []Text    `xml:"name"`
	Descriptions []Text    `xml:"description"`
	Default      bool      `xml:"default"`
	BiarchOnly   *bool     `xml:"biarchonly"`
	UserVisible  *bool     `xml:"uservisible"` // nil: it is
	DisplayOrder *int      `xml:"display_order"`
	LangOnly     string    `xml:"langonly,omitempty"`
	Packages     []Package `xml:"packagelist>packagereq"`
}

// Kinds of membership in a group.
const (
	Mandatory   = "mandatory"
	Default     = "default"
	Optional    = "optional"
	Conditional = "conditional"
)

// Package is a member of a group.
type Package struct {
	// Type is one of the kinds above; empty is mandatory.
	Type string `xml:"type,attr,omitempty"`
	// Requires names the package with which a conditional one is installed.
	Requires string `xml:"requires,attr,omitempty"`
	// Arch are the architectures it is a member on, joined by commas; empty: all.
	Arch         string `xml:"arch,attr,omitempty"`
	BasearchOnly string `xml:"basearchonly,attr,omitempty"`
	Name         string `xml:",chardata"`
}

// Category sorts groups.
type Category struct {
	ID           string    `xml:"id"`
	Names        []Text    `xml:"name"`
	Descriptions []Text    `xml:"description"`
	DisplayOrder *int      `xml:"display_order"`
	Groups       []GroupID `xml:"grouplist>groupid"`
}

// Environment is what a machine is set up as: groups that belong to it, and those
// that may be added.
type Environment struct {
	ID           string    `xml:"id"`
	Names        []Text    `xml:"name"`
	Descriptions []Text    `xml:"description"`
	DisplayOrder *int      `xml:"display_order"`
	Groups       []GroupID `xml:"grouplist>groupid"`
	Options      []GroupID `xml:"optionlist>groupid"`
}

// GroupID names a group.
type GroupID struct {
	Default string `xml:"default,attr,omitempty"`
	Arch    string `xml:"arch,attr,omitempty"`
	ID      string `xml:",chardata"`
}

// Langpacks tell which packages bring a language to others.
type Langpacks struct {
	Matches []Match `xml:"match"`
}

// Match is a package and the pattern of those that bring a language to it.
type Match struct {
	Install string `xml:"install,attr"`
	Name    string `xml:"name,attr"`
}

// Parse reads a comps file.
func Parse(raw []byte) (Comps, error) {
	if len(raw) > Largest {
		return Comps{}, fmt.Errorf("%w: larger than %d bytes", ErrComps, Largest)
	}
	var c Comps
	if err := xml.NewDecoder(bytes.NewReader(raw)).Decode(&c); err != nil {
		return Comps{}, fmt.Errorf("%w: %w", ErrComps, err)
	}
	c.XMLName = xml.Name{}
	seen := map[string]bool{}
	for i := range c.Groups {
		g := &c.Groups[i]
		if g.ID = strings.TrimSpace(g.ID); g.ID == "" || seen[g.ID] {
			return Comps{}, fmt.Errorf("%w: the group %.80q has no id of its own", ErrComps, g.ID)
		}
		seen[g.ID] = true
		for j := range g.Packages {
			p := &g.Packages[j]
			p.Name = strings.TrimSpace(p.Name)
			if p.Name == "" || strings.ContainsFunc(p.Name, func(r rune) bool { return r <= ' ' || r == '/' }) {
				return Comps{}, fmt.Errorf("%w: %.120q in the group %s is no name of a package", ErrComps, p.Name, g.ID)
			}
		}
	}
	for i := range c.Categories {
		trim(c.Categories[i].Groups)
	}
	for i := range c.Environments {
		trim(c.Environments[i].Groups)
		trim(c.Environments[i].Options)
	}
	return c, nil
}

func trim(ids []GroupID) {
	for i := range ids {
		ids[i].ID = strings.TrimSpace(ids[i].ID)
	}
}

// Write writes a comps file.
func (c Comps) Write(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header+
		"<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n"); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(c); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// ODCS is the comps file of a compose of named packages, in ODCS's words: one group
// of them all.
func ODCS(packages []string) Comps {
	g := Group{
		ID: "odcs-group", Names: []Text{{Value: "odcs-group"}}, Descriptions: []Text{{Value: "ODCS compose default group"}}, Default: true,
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(packages))) {
		g.Packages = append(g.Packages, Package{Name: name})
	}
	visible := true
	g.UserVisible = &visible
	return Comps{Groups: []Group{g}}
}
