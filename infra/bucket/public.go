package bucket

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/minio/minio-go/v7"
)

// publicName is the Sid of what is ours in a bucket's policy.
const publicName = "DistaffPublic"

// Public are the prefixes that everybody reads: the composes, and the pages of
// runs. They can be read by who knows a name; listing names is nobody's.
func Public() []string { return []string{"composes/", "runs/"} }

type bucketPolicy struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement []json.RawMessage
}

// Open lets everybody read what is below some prefixes, without a key. What else
// the bucket's policy says stays. AWS refuses it for a bucket that blocks public
// policies, as new ones do.
func Open(ctx context.Context, at Place, who Credentials, name string, prefixes []string) error {
	client, err := connect(at, who)
	if err != nil {
		return fmt.Errorf("open bucket %s: %w", name, err)
	}
	before, err := client.GetBucketPolicy(ctx, name) // empty if there is none
	if err != nil && minio.ToErrorResponse(err).Code != "NoSuchBucketPolicy" {
		return fmt.Errorf("read the policy of bucket %s: %w", name, err)
	}
	after, err := opened(before, name, prefixes)
	if err != nil {
		return fmt.Errorf("read the policy of bucket %s: %w", name, err)
	}
	if err := client.SetBucketPolicy(ctx, name, after); err != nil {
		return fmt.Errorf("set the policy of bucket %s: %w", name, err)
	}
	return nil
}

// opened puts our statement in the place of an older one of ours, behind all
// others.
func opened(policy, name string, prefixes []string) (string, error) {
	next := bucketPolicy{Version: "2012-10-17"}
	if policy != "" {
		var before bucketPolicy
		if err := json.Unmarshal([]byte(policy), &before); err != nil {
			return "", err
		}
		next.ID = before.ID
		for _, raw := range before.Statement {
			var s struct{ Sid string }
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", err
			}
			if s.Sid != publicName {
				next.Statement = append(next.Statement, raw)
			}
		}
	}
	var resources []string
	for _, prefix := range prefixes {
		resources = append(resources, "arn:aws:s3:::"+name+"/"+strings.TrimSuffix(prefix, "/")+"/*")
	}
	ours, err := json.Marshal(map[string]any{
		"Sid": publicName, "Effect": "Allow", "Principal": map[string]any{"AWS": []string{"*"}},
		"Action": []string{"s3:GetObject"}, "Resource": resources,
	})
	if err != nil {
		return "", err
	}
	next.Statement = append(next.Statement, ours)
	raw, err := json.Marshal(next)
	return string(raw), err
}
