package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Sources lists every place of a secret or file the configuration names, for
// an operator who wants to know whether all is there.
func (c *Config) Sources() []Source {
	if c == nil {
		return nil
	}
	own := *c // eachSource writes to maps
	own.Forges, own.Koji, own.TestingFarm = maps.Clone(c.Forges), maps.Clone(c.Koji), maps.Clone(c.TestingFarm)
	if c.Composes != nil {
		composes := *c.Composes
		composes.Repositories, composes.RawConfigs = maps.Clone(composes.Repositories), maps.Clone(composes.RawConfigs)
		composes.Users, composes.Groups = maps.Clone(composes.Users), maps.Clone(composes.Groups)
		own.Composes = &composes
	}
	var all []Source
	eachSource(reflect.ValueOf(&own).Elem(), "", func(s *Source, _, _ string) {
		if !s.IsZero() {
			all = append(all, *s)
		}
	})
	slices.SortStableFunc(all, func(a, b Source) int { return compare(a.at, b.at) })
	return all
}

// eachSource visits each Source with the path of its section and the keys it
// can be written with.
func eachSource(v reflect.Value, path string, visit func(s *Source, path, keys string)) {
	switch v.Kind() { //nolint:exhaustive // the types here have no others with a Source in them
	case reflect.Pointer:
		if !v.IsNil() {
			eachSource(v.Elem(), path, visit)
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			one := reflect.New(v.Type().Elem()).Elem()
			one.Set(iter.Value())
			eachSource(one, under(path, iter.Key().String()), visit)
			v.SetMapIndex(iter.Key(), one)
		}
	case reflect.Struct:
		all, last := fields(v.Type()), -1
		for _, f := range all {
			source, ok := v.Field(f.index).Addr().Interface().(*Source)
			switch {
			case !ok:
				eachSource(v.Field(f.index), join(path, f.key), visit)
			case f.index != last: // one with two keys is visited once
				visit(source, path, keysOf(all, f.index))
				last = f.index
			}
		}
	}
}

// settle tells a Source where the configuration names it, or could have, for
// errors about what is there.
func (r *reader) settle(s *Source, path, keys string) {
	named := strings.Split(keys, " or ")
	at := join(path, named[0])
	if s.File != "" {
		at = join(path, named[len(named)-1])
	}
	if s.Env != "" && s.File != "" {
		r.fail(at, "%s both name a place; keep one of them", strings.Join(named, " and "))
	}
	s.at, s.keys = r.place(at), keys
	s.at.File, s.at.Path = r.file, at
}
