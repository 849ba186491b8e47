package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/rpm"
)

// mostListed bounds what rpms.json may list: Fedora's has 700,000.
const mostListed = 4 << 20

// What of somebody's compose becomes part of a request is bounded as in a
// request.
const (
	archesMost = 32
	keysMost   = 100
)

// pungiList is what the metadata of somebody's compose says is in a variant.
type pungiList struct {
	builds, packages, sigkeys, arches []string
	picked                            map[string][]string
}

// pungi reads what a variant of a compose made by Pungi (or by distaff) has, from
// the metadata beside it: the address names the variant's folder.
func (g *Gatherer) pungi(ctx context.Context, r compose.Request) (*pungiList, error) {
	if len(r.Source) != 1 {
		return nil, problem("The source of a pungi_compose is one address, of the folder of a variant.")
	}
	variant, err := url.Parse(strings.TrimSuffix(r.Source[0], "/"))
	if err != nil || variant.Host == "" || variant.Scheme != "http" && variant.Scheme != "https" {
		return nil, problem("%q is no address of a variant of a compose: https://…/compose/Server.", r.Source[0])
	}
	name := path.Base(variant.Path)
	address := variant.ResolveReference(&url.URL{Path: "metadata/rpms.json"}).String()
	body, err := g.Files.Text(ctx, address)
	var gone *rpmfile.GoneError
	if errors.As(err, &gone) {
		return nil, problem("There is no compose at %s: %s is not there.", r.Source[0], address)
	}
	if err != nil {
		return nil, fmt.Errorf("read the packages of %s: %w", r.Source[0], err)
	}
	list := &pungiList{picked: map[string][]string{}}
	sets := [3]map[string]bool{{}, {}, {}} // builds, packages, keys
	_, err = productmd.ReadRPMs(bytes.NewReader(body), int64(len(body)), mostListed, func(p productmd.RPM) error {
		if p.Variant != name {
			return nil
		}
		source, err := rpm.ParseNVRA(p.Source)
		if err != nil {
			return err
		}
		key := ""
		if p.SigKey != nil {
			key = *p.SigKey
		}
		sets[0][source.NVR.String()], sets[2][key] = true, true
		if p.Category == productmd.Binary {
			one, err := rpm.ParseNVRA(p.NEVRA)
			if err != nil {
				return err
			}
			sets[1][one.Name] = true
			list.picked[p.Arch] = append(list.picked[p.Arch], one.NEVRA())
		}
		return nil
	})
	if err != nil {
		return nil, problem("%s cannot be read: %v.", address, err)
	}
	if len(list.picked) == 0 {
		return nil, problem("The compose at %s lists no package in a variant %q.", r.Source[0], name)
	}
	list.builds = slices.Sorted(maps.Keys(sets[0]))
	list.packages = slices.Sorted(maps.Keys(sets[1]))
	// Unsigned comes last in order of preference: "" sorts first.
	list.sigkeys = slices.Sorted(maps.Keys(sets[2]))
	if list.sigkeys[0] == "" {
		list.sigkeys = append(list.sigkeys[1:], "")
	}
	list.arches = slices.Sorted(maps.Keys(list.picked))
	if len(list.arches) > archesMost || len(list.sigkeys) > keysMost {
		return nil, problem("The compose at %s has %d architectures and is signed with %d keys: at most %d and %d can be taken over.",
			r.Source[0], len(list.arches), len(list.sigkeys), archesMost, keysMost)
	}
	return list, nil
}
