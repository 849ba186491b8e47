package bucket

import (
	"fmt"
	"strings"

	"github.com/minio/minio-go/v7/pkg/lifecycle"

	"github.com/distaff-project/distaff/shared/blob"
)

// Rule says how long what is below a prefix is kept.
type Rule struct {
	// Prefix is the beginning of keys, with its slash: "logs/".
	Prefix string
	// Days after which an object is deleted. At least 1.
	Days int
}

// partsDays is how long the parts of an upload that was never completed stay.
const partsDays = 1

// configuration makes the bucket's lifecycle of rules.
func configuration(rules []Rule) (*lifecycle.Configuration, error) {
	cfg := lifecycle.NewConfiguration()
	cfg.Rules = append(cfg.Rules, lifecycle.Rule{
		ID: "abandoned-uploads", Status: "Enabled",
		AbortIncompleteMultipartUpload: lifecycle.AbortIncompleteMultipartUpload{DaysAfterInitiation: partsDays},
	})
	for _, r := range rules {
		name, whole := strings.CutSuffix(r.Prefix, "/")
		if err := blob.CheckKey(name); err != nil || !whole {
			// "log" would also take what is below "logs-we-keep/".
			return nil, fmt.Errorf("rule for %.80q: a prefix ends with a slash and is a key without it", r.Prefix)
		}
		if r.Days < 1 {
			return nil, fmt.Errorf("rule for %s: %d days is not a time to keep something", r.Prefix, r.Days)
		}
		cfg.Rules = append(cfg.Rules, lifecycle.Rule{
			ID: strings.ReplaceAll(name, "/", "-"), Status: "Enabled",
			RuleFilter: lifecycle.Filter{Prefix: r.Prefix},
			Expiration: lifecycle.Expiration{Days: lifecycle.ExpirationDays(r.Days)},
		})
	}
	return cfg, nil
}
