package odcs

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/rpm"
)

// How the source of a locked compose begins where it is no digest.
const (
	// ofCompose stands before the number of a compose whose lock is meant.
	ofCompose = "compose:"
	// ofList stands before the SHA-256 of a list that came with the request.
	ofList = "rpms:"
)

// check looks at the source as its type wants it, and gives what the server
// knows of a raw_config.
func (p *parser) check(r *compose.Request, rpms []string, order *Order) RawConfig {
	if p.err != nil {
		return RawConfig{}
	}
	if len(rpms) > 0 && r.SourceType != compose.Locked {
		p.refuse(`Set "type": "locked".`, "rpms is only for source type \"locked\"")
	}
	most := map[compose.SourceType]int{
		compose.Tag: TagsMost, compose.Module: OthersMost, compose.Repo: AddressesMost, compose.PungiCompose: AddressesMost, compose.Pulp: OthersMost,
	}[r.SourceType]
	if most > 0 && len(r.Source) > most {
		p.refuse("Ask for fewer.", "source has %d elements, and may have %d", len(r.Source), most)
	}
	switch r.SourceType {
	case compose.RawConfig:
		return p.rawConfig(r.Source)
	case compose.Module:
		p.modules(r.Source)
	case compose.PungiCompose, compose.Repo:
		hint := "Write the address of a variant of a compose."
		if r.SourceType == compose.Repo {
			// ODCS takes folders of its own machine there; we have none.
			hint = "Write the address of a repository."
		}
		for _, address := range r.Source {
			p.address(address, hint, "Source should be an address for %q source_type, but got %.80s", TypeName(r.SourceType), address)
		}
	case compose.Locked:
		order.RPMs = p.locked(r.Source, rpms)
		if len(order.RPMs) > 0 {
			r.Source = []string{ofList + digest(RPMList(order.RPMs))}
		}
	case compose.Tag, compose.Pulp, compose.Build:
	}
	return RawConfig{}
}

func (p *parser) rawConfig(source []string) RawConfig {
	if len(source) > 1 {
		p.refuse("Make one request for each.", `Only single source is allowed for "raw_config" source_type`)
		return RawConfig{}
	}
	name, commit, _ := strings.Cut(source[0], "#")
	if name == "" || !isRef(commit) {
		p.refuse("Write the name and the commit with # between.", `Source must be in "source_name#commit_hash" format for "raw_config" source_type.`)
		return RawConfig{}
	}
	known, ok := p.RawConfigs[name]
	if !ok {
		p.refuse("Names are at /api/1/about/.", "Source %q does not exist in server configuration.", name)
	}
	return known
}

// isRef tells whether a text can be a commit, a tag or a branch. It becomes a
// part of addresses, so it must not lead out of its place.
// Source: https://git-scm.com/docs/git-check-ref-format
func isRef(text string) bool {
	return aRef.MatchString(text) && !strings.Contains(text, "..")
}

func (p *parser) modules(source []string) {
	base := p.BaseModules
	if base == nil {
		base = []string{"platform", "bootstrap"}
	}
	for _, module := range source {
		parts := strings.Split(module, ":")
		bad := func(part string) bool { return !moduleWord.MatchString(part) }
		if len(parts) < 2 || len(parts) > 4 || slices.ContainsFunc(parts, bad) {
			p.refuse("Write name:stream.", `Module definition must be in "n:s", "n:s:v" or "n:s:v:c" format, but got %.80s`, module)
			return
		}
		if slices.Contains(base, parts[0]) {
			p.refuse("Leave it out.", "ODCS currently cannot create compose with base modules, but %s was requested.", parts[0])
			return
		}
	}
}

// locked looks at what names a list of packages, and gives the list if it came
// along.
func (p *parser) locked(source, rpms []string) []string {
	const hint = `Write the digest of a lock, or compose:<id>, or list RPMs in "rpms".`
	switch {
	case len(source) > 0 && len(rpms) > 0:
		p.refuse("Leave one of them out.", `Both "source" and "rpms" are given for source type "locked"`)
	case len(source) > 1:
		p.refuse("Make one request for each.", `Only single source is allowed for "locked" source_type`)
	case len(source) == 1:
		if !isLock(source[0]) {
			p.refuse(hint, `Source of type "locked" should be a digest or compose:<id>, but got %.80s`, source[0])
		}
	}
	key := goodKey()
	for _, line := range rpms {
		nevra, sigkey, _ := strings.Cut(line, "/")
		if _, err := rpm.ParseNVRA(nevra); err != nil || !key.MatchString(sigkey) {
			p.refuse("Write each as name-[epoch:]version-release.arch, with /sigkey behind it if it is to be that one.", "rpms holds no name of an RPM: %.120s", line)
			return nil
		}
	}
	return unique(rpms, true)
}

func isLock(source string) bool {
	if id, ok := strings.CutPrefix(source, ofCompose); ok {
		n, err := strconv.ParseInt(id, 10, 64)
		return err == nil && n > 0 && strconv.FormatInt(n, 10) == id
	}
	return aDigest.MatchString(source)
}

// RPMList is a locked list as it is kept: one a line.
func RPMList(rpms []string) []byte { return []byte(strings.Join(rpms, "\n") + "\n") }

// RPMListKey is where the list is kept that a source names as rpms:<sha256>;
// false if the source names none.
func RPMListKey(source string) (string, bool) {
	sum, ok := strings.CutPrefix(source, ofList)
	return "compose/lock/" + sum + ".rpms", ok && isLock(sum)
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
