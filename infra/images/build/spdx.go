package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"time"
)

// source is where the project lives.
const source = "https://github.com/distaff-project/distaff"

type spdxDocument struct {
	SPDXVersion       string         `json:"spdxVersion"`
	DataLicense       string         `json:"dataLicense"`
	SPDXID            string         `json:"SPDXID"`
	Name              string         `json:"name"`
	DocumentNamespace string         `json:"documentNamespace"`
	CreationInfo      spdxCreation   `json:"creationInfo"`
	Packages          []spdxPackage  `json:"packages"`
	Relationships     []spdxRelation `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	Name             string          `json:"name"`
	SPDXID           string          `json:"SPDXID"`
	VersionInfo      string          `json:"versionInfo"`
	DownloadLocation string          `json:"downloadLocation"`
	FilesAnalyzed    bool            `json:"filesAnalyzed"`
	Checksums        []spdxChecksum  `json:"checksums,omitempty"`
	ExternalRefs     []spdxReference `json:"externalRefs,omitempty"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelation struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

var notInID = regexp.MustCompile(`[^A-Za-z0-9.-]`)

// describe lists the packages a base is made of, in SPDX 2.3
// (https://spdx.github.io/spdx-spec/v2.3/).
func describe(name string, files []file, made time.Time) ([]byte, error) {
	document := spdxDocument{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", Name: "distaff-base-" + name,
		CreationInfo: spdxCreation{made.UTC().Format(time.RFC3339), []string{"Tool: distaff infra/images"}},
	}
	var all string
	for _, f := range files {
		id := "SPDXRef-" + notInID.ReplaceAllString(f.Arch+"-"+f.Package, "-")
		document.Packages = append(document.Packages, spdxPackage{
			Name: f.Package, SPDXID: id, VersionInfo: f.Version, DownloadLocation: f.Address,
			Checksums: []spdxChecksum{{"SHA256", f.SHA256}},
			ExternalRefs: []spdxReference{{
				"PACKAGE-MANAGER", "purl",
				fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s", url.PathEscape(f.Package), url.QueryEscape(f.Version), f.Arch),
			}},
		})
		document.Relationships = append(document.Relationships, spdxRelation{"SPDXRef-DOCUMENT", "DESCRIBES", id})
		all += f.SHA256
	}
	document.DocumentNamespace = source + "/spdx/" + name + "-" + sum([]byte(all))
	return json.MarshalIndent(document, "", " ")
}
