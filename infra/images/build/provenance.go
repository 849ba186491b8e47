package main

import (
	"encoding/json"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const statementType types.MediaType = "application/vnd.in-toto+json"

// statement is one of in-toto (https://in-toto.io/Statement/v1) with SLSA's
// provenance (https://slsa.dev/provenance/v1) in it. No time is in it: so a build
// made again says the same, to the byte.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

type resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	BuildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		ResolvedDependencies []resource        `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	} `json:"runDetails"`
}

// origin is what an image was built from.
type origin struct {
	Commit string      // Git's
	Base   name.Digest // the image below
	GoSum  string      // SHA-256 of go.sum
	Go     string      // the version of Go
	By     string      // who built: an address, see builder.id of SLSA
	For    string      // the platforms
}

// provenance says what image was built from.
func provenance(image name.Digest, o origin) ([]byte, error) {
	own, err := digestSet(image)
	if err != nil {
		return nil, err
	}
	below, err := digestSet(o.Base)
	if err != nil {
		return nil, err
	}
	// Names without the registry: an image copied to another is the same image.
	s := statement{
		Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1",
		Subject: []resource{{Name: "function", Digest: own}},
	}
	s.Predicate.BuildDefinition.BuildType = source + "/infra/images@v1"
	s.Predicate.BuildDefinition.ExternalParameters = map[string]string{"main": "./cmd/function", "platforms": o.For, "go": o.Go}
	s.Predicate.BuildDefinition.ResolvedDependencies = []resource{
		{URI: "git+" + source, Digest: map[string]string{"gitCommit": o.Commit}},
		{Name: "base-static", Digest: below},
		{Name: "go.sum", Digest: map[string]string{"sha256": o.GoSum}},
	}
	s.Predicate.RunDetails.Builder.ID = o.By
	return json.MarshalIndent(s, "", " ")
}

func digestSet(of name.Digest) (map[string]string, error) {
	const algorithm = "sha256:"
	text := of.DigestStr()
	if len(text) <= len(algorithm) || text[:len(algorithm)] != algorithm {
		return nil, fmt.Errorf("%s is no SHA-256", text)
	}
	return map[string]string{"sha256": text[len(algorithm):]}, nil
}
