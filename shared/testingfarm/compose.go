package testingfarm

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Compose is one system Testing Farm can install a machine from.
type Compose struct {
	// Name is a name, or a regular expression that matches several; either is
	// matched as a whole.
	Name string `json:"name"`
	Type string `json:"type"` // compose or regex
}

// Composes lists what machines can be installed from.
func (f *Farm) Composes(ctx context.Context) ([]Compose, error) {
	var list struct {
		Composes []Compose `json:"composes"`
	}
	if err := f.get(ctx, "/composes/"+f.ranch, nil, &list); err != nil {
		return nil, fmt.Errorf("list composes: %w", err)
	}
	return list.Composes, nil
}

// ResolveCompose names the compose of a distro ("fedora-rawhide" →
// "Fedora-Rawhide"), if one of composes offers it. A distro that is itself
// offered is taken as it is. The spelling rules are those of Fedora's dist-git
// CI, so that the same machines are asked for.
func ResolveCompose(composes []Compose, distro string) (string, bool) {
	if distro == "" || len(distro) > 100 {
		return "", false
	}
	for _, name := range []string{distro, spelled(distro)} {
		for _, c := range composes {
			if c.offers(name) {
				return name, true
			}
		}
	}
	return "", false
}

// spelled writes a distro the way composes are named.
func spelled(distro string) string {
	name := strings.NewReplacer(
		"Centos", "CentOS", "Rhel", "RHEL", "Oraclelinux", "Oracle-Linux", "Latest", "latest", "Eln", "eln",
	).Replace(title(distro))
	if name == "CentOS-Stream" {
		return "CentOS-Stream-8"
	}
	return name
}

// title starts every run of letters in upper case and continues it in lower.
func title(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		first := !inWord
		inWord = unicode.IsLetter(r)
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

// offers matches the whole name. Go's expressions run in linear time, so one
// written elsewhere can do no harm; one it cannot read matches only itself.
func (c Compose) offers(name string) bool {
	if c.Name == name {
		return true
	}
	const longest = 300
	if c.Name == "" || len(c.Name) > longest || !strings.ContainsAny(c.Name, `\.*+?[](){}|^$`) {
		return false
	}
	re, err := regexp.Compile(`\A(?:` + c.Name + `)\z`)
	return err == nil && re.MatchString(name)
}
