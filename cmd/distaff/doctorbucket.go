package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/distaff-project/distaff/infra/bucket"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
)

// bucket tries whether the bucket keeps its promises.
func (d *doctor) bucket(ctx context.Context, o *opened) []finding {
	f := finding{What: "bucket", Level: good, Text: "keeps its promises"}
	err := bucket.Probe(ctx, o.files)
	var refused *bucket.RefusedError
	switch {
	case errors.As(err, &refused):
		f.Level, f.Text = bad, err.Error()
		f.Means = "two functions could both believe they started a build; distaff must not be run on this bucket"
		f.Do = "use a server with conditional writes (AWS, MinIO, Ceph since Squid, Garage has none), or a newer version of this one"
	case err != nil:
		f.Level, f.Text, f.Means = bad, oneLine(err), "no function can do anything; events are repeated, and become dead letters if it lasts"
		f.Do = "is the address right, does the server run, are the keys good, and may they read, write, delete and list?"
	}
	return []finding{f}
}

// lifecycle compares the bucket's rules with the configuration.
func (d *doctor) lifecycle(ctx context.Context, o *opened) []finding {
	f := finding{What: "lifecycle", Level: good}
	if d.away {
		return nil
	}
	have, err := rules(ctx, o.cfg)
	if err != nil {
		f.Level, f.Text = unknown, "cannot be asked: "+oneLine(err)
		f.Do = "the keys need s3:GetLifecycleConfiguration for this"
		return []finding{f}
	}
	var wrong, kept []string
	for _, r := range world.Lifecycle(o.cfg.Bucket.Keep) {
		days, there := have[r.Prefix]
		delete(have, r.Prefix)
		switch {
		case !there:
			wrong = append(wrong, fmt.Sprintf("%s has no rule, and should go after %d days", r.Prefix, r.Days))
		case days != r.Days:
			wrong = append(wrong, fmt.Sprintf("%s goes after %d days instead of %d", r.Prefix, days, r.Days))
		default:
			kept = append(kept, fmt.Sprintf("%s %d d", r.Prefix, r.Days))
		}
	}
	f.Text = strings.Join(kept, ", ")
	f.Do = "distaff bucket init" + d.flagged
	f.Means = "what is old stays for ever and costs, or goes too early"
	for prefix, days := range have {
		if precious(prefix) {
			f.Level = bad
			f.Means = "what is awaited would be forgotten: open pull requests lose their state, composes their files or who needs them"
			wrong = append(wrong, fmt.Sprintf("%q goes after %d days, and must not go at all", prefix, days))
		}
	}
	if len(wrong) == 0 {
		f.Do, f.Means = "", ""
		return []finding{f}
	}
	f.Text = strings.Join(wrong, "; ")
	if f.Level == good {
		f.Level = soon
	}
	return []finding{f}
}

// precious tells whether a rule about a prefix would take what must stay.
func precious(prefix string) bool {
	for _, p := range []string{
		"pr/", "shown/", "due/", "stuck/", "held/", "composes/",
		"compose/doc/", "compose/list/", "compose/owner/", "compose/ids.json", "compose/content/", "compose/held/", "compose/lock/", "compose/rule/",
	} {
		if strings.HasPrefix(p, prefix) || strings.HasPrefix(prefix, p) {
			return true
		}
	}
	return false
}

// rules are the bucket's own, in days by prefix.
func rules(ctx context.Context, cfg *config.Config) (map[string]int, error) {
	u, err := url.Parse(cmp.Or(cfg.Bucket.Endpoint, "https://s3.amazonaws.com"))
	if err != nil {
		return nil, err
	}
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	who := credentials.NewStaticV4(secrets.Of(cfg.Bucket.AccessKey).Text(), secrets.Of(cfg.Bucket.SecretKey).Text(), "")
	if cfg.Bucket.AccessKey.IsZero() {
		who = credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}})
	}
	client, err := minio.New(u.Host, &minio.Options{Creds: who, Secure: u.Scheme == "https", Region: cfg.Bucket.Region})
	if err != nil {
		return nil, err
	}
	have := map[string]int{}
	lifecycle, err := client.GetBucketLifecycle(ctx, cfg.Bucket.Name)
	if minio.ToErrorResponse(err).Code == "NoSuchLifecycleConfiguration" {
		return have, nil
	}
	if err != nil {
		return nil, err
	}
	for _, r := range lifecycle.Rules {
		if r.Status == "Enabled" && r.Expiration.Days > 0 {
			have[cmp.Or(r.RuleFilter.Prefix, r.RuleFilter.And.Prefix, r.Prefix)] = int(r.Expiration.Days)
		}
	}
	return have, nil
}
