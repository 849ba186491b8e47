package composedemo

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/rpm"
)

// listed looks whether packages could be installed: whether the compose that a
// .repo file leads to lists them.
type listed struct{}

func (listed) resolves() bool { return false }

var addressLine = regexp.MustCompile(`(?m)^(baseurl|mirrorlist)=(\S+)`)

// install gives what the compose lists of the packages that are named. What was
// installed before is not known.
func (listed) install(ctx context.Context, repofile []byte, command ...string) ([]string, error) {
	found := addressLine.FindSubmatch(repofile)
	if found == nil {
		return nil, fmt.Errorf("the .repo file names no repository: %s", repofile)
	}
	address := strings.ReplaceAll(string(found[2]), "$basearch", machine())
	if string(found[1]) == "mirrorlist" {
		list, err := fetch(ctx, address)
		if err != nil {
			return nil, err
		}
		address = strings.TrimSpace(string(list))
	}
	if _, err := fetch(ctx, strings.TrimSuffix(address, "/")+"/repodata/repomd.xml"); err != nil {
		return nil, err
	}
	top, _, _ := strings.Cut(address, "/compose/")
	all, err := readManifest(ctx, top)
	if err != nil {
		return nil, err
	}
	var out []string
	for nevra, what := range all {
		one, err := rpm.ParseNVRA(nevra + ".rpm")
		if err == nil && what.Category == "binary" && slices.Contains(command, one.Name) {
			out = append(out, nevra)
		}
	}
	slices.Sort(out)
	return out, nil
}
