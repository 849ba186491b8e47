package odcs

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/rpm"
)

// What the words of lists may be. Of modules there may be thousands.
var (
	aSigkey    = regexp.MustCompile(`^[A-Za-z0-9]{0,64}$`)
	anArch     = regexp.MustCompile(`^[a-z0-9_]+$`)
	aRef       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$`)
	moduleWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+~^-]*$`)
	aDigest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// packages are names of RPMs, or patterns of them; ODCS lets any character
// pass there.
func (p *parser) packages(source object) []string {
	list := p.list(source, "packages", WordMost)
	for _, item := range list {
		if strings.ContainsFunc(item, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == '\\' }) {
			p.refuse("Write the name of an RPM.", "packages holds no name of a package: %s", repr(item))
		}
	}
	return list
}

func (p *parser) builds(o object) []string {
	list := p.list(o, "builds", WordMost)
	for _, item := range list {
		if _, err := rpm.ParseNVR(item); err != nil {
			p.refuse("Write each as name-version-release.", "builds holds no name of a build: %.80s", item)
		}
	}
	return list
}

func (p *parser) tasks(source object) []string {
	list := p.listOf(source, "scratch_build_tasks", 20, OthersMost)
	for _, item := range list {
		if _, err := strconv.ParseUint(item, 10, 63); err != nil {
			p.refuse("Write each as the number of a Koji task.", "scratch_build_tasks holds no task: %.80s", item)
		}
	}
	return list
}

// sigkeys are in order of preference; an empty one means that unsigned packages
// will do, and no list of none is kept: it means the same. Their case stays,
// because clients compare the answer with what they sent.
func (p *parser) sigkeys(o object, otherwise []string) []string {
	list := otherwise
	if _, given := o.get("sigkeys"); given {
		list = nil
		for _, text := range p.raw(o, "sigkeys") {
			list = append(list, strings.Split(text, " ")...)
		}
	}
	for _, key := range list {
		if !aSigkey.MatchString(key) {
			p.refuse("Write the short id of a key, as in data/signed/.", "sigkeys holds no key: %.80s", key)
		}
	}
	if len(list) > 100 {
		p.refuse("Ask for fewer.", "sigkeys has %d elements, and may have 100", len(list))
	}
	if list = unique(list, false); list == nil {
		return []string{""}
	}
	return list
}

// goodKey is the form of a key, which may be none.
func goodKey() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]{0,64}$`) }

func (p *parser) arches(o object, key string, otherwise []string) []string {
	list := otherwise
	if _, given := o.get(key); given {
		list = p.list(o, key, 20)
	} else if key == "arches" && len(list) == 0 {
		list = []string{"x86_64"}
	}
	for _, arch := range list {
		if !anArch.MatchString(arch) {
			p.refuse("Write it as in x86_64, aarch64, ppc64le, s390x.", "%s holds no architecture: %.80s", key, arch)
		}
	}
	switch {
	case len(list) > 32:
		p.refuse("Ask for fewer.", "%s has %d elements, and may have 32", key, len(list))
	case len(list) == 0 && key == "arches":
		p.refuse("Name one, or leave the field out.", "arches should not be empty")
	}
	return unique(list, false)
}

func (p *parser) addresses(o object, key string) []string {
	list := unique(p.listOf(o, key, AddressMost, AddressesMost), false)
	for _, address := range list {
		p.address(address, "Write http://… or https://….", "%s should hold addresses, but got %.80s", key, address)
	}
	return list
}

// address refuses what is none, in the words given, and one that this server
// does not read from, in which an architecture may be left open.
func (p *parser) address(address, hint, format string, args ...any) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		p.refuse(hint, format, args...)
		return
	}
	if p.Outside == nil {
		return
	}
	if err := p.Outside(strings.NewReplacer("$basearch", "x86_64", "$arch", "x86_64").Replace(address)); err != nil {
		p.refuse("Ask the operators to list the host in composes.outside.", "Nothing is read from %.200s: %v.", address, err)
	}
}

func (p *parser) flags(o object) compose.Flag {
	var set compose.Flag
	for _, word := range p.raw(o, "flags") {
		flag, known := numberOf(flags(), word)
		if !known {
			// The message is a mistake of ODCS's that people look for.
			p.refuse("Flags are "+strings.Join(Flags(), ", ")+".", "('Unknown flag %%s', %s)", repr(word))
		}
		set |= flag
	}
	return set
}

func (p *parser) results(o object) compose.Result {
	for _, word := range p.raw(o, "results") {
		result, known := numberOf(results(), word)
		switch {
		case !known:
			p.refuse(`There is "repository".`, "('Unknown result %%s', %s)", repr(word))
		case result != compose.Repository:
			p.refuse(`Only "repository" is; leave the others out.`, "Result %q is not made here.", word)
		}
	}
	return compose.Repository
}

func (p *parser) multilib(o object) compose.Multilib {
	var set compose.Multilib
	for _, word := range p.raw(o, "multilib_method") {
		method, known := numberOf(multilib(), word)
		if !known {
			p.refuse("Methods are none, runtime, devel, all.", "Unknown multilib method %q", word)
		}
		set |= method
	}
	return set
}

// label reads a milestone. ODCS takes any text, and the compose fails later.
func (p *parser) label(o object) string {
	word := p.text(o, "label")
	if err := productmd.CheckLabel(word); err != nil {
		p.refuse("Write a milestone and its version, as in RC-1.2, or leave the field out.", "label is none a compose can have: %.80s", word)
	}
	return word
}

func (p *parser) composeType(o object) string {
	word := p.text(o, "compose_type")
	switch {
	case word == "":
		return productmd.Test
	case !slices.Contains(productmd.Types(), word):
		p.refuse("Types are "+strings.Join(productmd.Types(), ", ")+".", `Unknown "compose_type" %q`, word)
	}
	return word
}

func (p *parser) targetDir(o object) string {
	word := p.text(o, "target_dir")
	if word == "default" {
		return ""
	}
	if word != "" && !slices.Contains(p.TargetDirs, word) {
		p.refuse("Leave it out.", `Unknown "target_dir" %q`, word)
	}
	return word
}

func (p *parser) moduleDefaults(source object, r *compose.Request) {
	r.ModuleDefaultsURL = p.text(source, "module_defaults_url")
	r.ModuleDefaultsCommit = p.text(source, "module_defaults_commit")
	if (r.ModuleDefaultsURL == "") != (r.ModuleDefaultsCommit == "") {
		p.refuse("Give both or none.", `The "module_defaults_url" and "module_defaults_commit" must be used together.`)
	}
}

// seconds reads the life that is wished for. Its old name takes a number in
// quotes as well, as Python's int() does.
func (p *parser) seconds(o object) int64 {
	value, given := o.get("seconds_to_live")
	if !given {
		value, given = o.get("seconds-to-live")
	}
	if !given || empty(value) {
		return 0
	}
	text := repr(value)
	if quoted, ok := value.(string); ok {
		text = strings.TrimSpace(quoted)
	}
	n, err := strconv.ParseInt(text, 10, 54)
	switch {
	case err != nil:
		p.refuse("Write a whole number.", "Invalid seconds_to_live specified in request: %s", repr(o))
	case n < 0:
		p.refuse("Write how many seconds from now.", "seconds_to_live should not be below 0")
	}
	return n
}
