package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// policy is an IAM policy as AWS and MinIO read it:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// BucketName stands for the bucket in the policies; it is replaced when they are
// given to the store.
const BucketName = "BUCKET"

// Policy is the unit's policy at the bucket, in JSON.
func (u Unit) Policy() ([]byte, error) {
	p := policy{Version: "2012-10-17"}
	byVerb := map[Verb][]string{}
	for _, g := range u.Access() {
		for _, v := range g.Verbs {
			byVerb[v] = append(byVerb[v], g.Prefix)
		}
	}
	for _, do := range []struct {
		verb         Verb
		name, action string
	}{{Get, "Get", "s3:GetObject"}, {Put, "Put", "s3:PutObject"}, {Delete, "Delete", "s3:DeleteObject"}} {
		if prefixes := byVerb[do.verb]; len(prefixes) > 0 {
			p.Statement = append(p.Statement, statement{
				Sid: do.name, Effect: "Allow", Action: []string{do.action}, Resource: objects(prefixes),
			})
		}
	}
	if names := slices.Concat(byVerb[List], byVerb[Get]); len(names) > 0 {
		p.Statement = append(p.Statement, listing("List", "StringLike", patterns(names)))
	}
	if len(byVerb[Get]) > 0 {
		// Whoever reads objects has to be allowed to list, or AWS answers 403 for an
		// object that is not there, where a 404 is waited for
		// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html). That is
		// asked without a prefix. MinIO does not know StringLikeIfExists, which would
		// say both in one.
		p.Statement = append(p.Statement, listing("ToldWhatIsNotThere", "Null", []string{"true"}))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("write the policy of %s: %w", u.Name, err)
	}
	return out.Bytes(), nil
}

func listing(name, operator string, values []string) statement {
	return statement{
		Sid: name, Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{arn("")},
		Condition: map[string]map[string][]string{operator: {"s3:prefix": values}},
	}
}

func patterns(prefixes []string) []string {
	var out []string
	for _, prefix := range prefixes {
		if pattern := prefix + "*"; !slices.Contains(out, pattern) {
			out = append(out, pattern)
		}
	}
	return out
}

func objects(prefixes []string) []string {
	var out []string
	for _, prefix := range prefixes {
		out = append(out, arn("/"+prefix+"*"))
	}
	return out
}

func arn(path string) string { return "arn:aws:s3:::" + BucketName + path }
