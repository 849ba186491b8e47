package pungi

import (
	"regexp"
	"slices"
)

// mapping is Pungi's [(variants, {architecture: value})]: the values for which the
// expression matches the beginning of a variant's UID and the architecture is "*"
// or the one in question, in their order.
type mapping []rule

type rule struct {
	variants *regexp.Regexp
	byArch   map[string][]string
}

func (m mapping) of(variant, arch string) []string {
	var out []string
	for _, r := range m {
		if !r.variants.MatchString(variant) {
			continue
		}
		if arch != "src" {
			out = append(out, r.byArch["*"]...)
		}
		out = append(out, r.byArch[arch]...)
	}
	return out
}

// mapping reads one. A value is a string or a list of strings.
func (v Values) mapping(key string) (mapping, error) {
	value, there := v.Values[key]
	if !there || value == nil {
		return nil, nil
	}
	var out mapping
	pairs, ok := sequence(value)
	if !ok {
		return nil, v.wrong(key, "is no list of (variants, {architecture: packages})")
	}
	for _, one := range pairs {
		pair, ok := sequence(one)
		if !ok || len(pair) != 2 {
			return nil, v.wrong(key, "has a member that is not (variants, {architecture: packages})")
		}
		pattern, isText := pair[0].(string)
		arches, isDict := pair[1].(Dict)
		if !isText || !isDict {
			return nil, v.wrong(key, "has a member that is not (variants, {architecture: packages})")
		}
		expr, err := beginning(pattern)
		if err != nil {
			return nil, v.wrong(key, "has the variants %.80q, which is no regular expression that is read", pattern)
		}
		r := rule{expr, map[string][]string{}}
		for arch, packages := range arches {
			if r.byArch[arch], ok = texts(packages); !ok {
				return nil, v.wrong(key, "for %.80q and %.40q is no list of strings", pattern, arch)
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// beginning compiles what Python's re.match takes.
func beginning(pattern string) (*regexp.Regexp, error) { return regexp.Compile("^(?:" + pattern + ")") }

// byArch reads {architecture or "*": [names]}.
func (v Values) byArch(key string) (map[string][]string, error) {
	dict, ok := v.Values[key].(Dict)
	if v.Values[key] != nil && !ok {
		return nil, v.wrong(key, "is no {architecture: packages}")
	}
	out := map[string][]string{}
	for arch, packages := range dict {
		if out[arch], ok = texts(packages); !ok {
			return nil, v.wrong(key, "for %.40q is no list of strings", arch)
		}
	}
	return out, nil
}

func sequence(v Value) ([]Value, bool) {
	switch v := v.(type) {
	case List:
		return v, true
	case Tuple:
		return v, true
	}
	return nil, false
}

// texts reads a string, or a list of them; None in it is "".
func texts(v Value) ([]string, bool) {
	if text, ok := v.(string); ok {
		return []string{text}, true
	}
	items, ok := sequence(v)
	if !ok {
		return nil, v == nil
	}
	var out []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok && item != nil {
			return nil, false
		}
		out = append(out, text)
	}
	return slices.Clip(out), true
}
