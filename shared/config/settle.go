package config

import (
	"reflect"
	"strings"
)

// settle tells each Source where the configuration names it, or could have,
// for errors about what is there.
func (r *reader) settle(v reflect.Value, path string) {
	switch v.Kind() { //nolint:exhaustive // the types here have no others
	case reflect.Pointer:
		if !v.IsNil() {
			r.settle(v.Elem(), path)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			one := reflect.New(v.Type().Elem()).Elem()
			one.Set(v.MapIndex(key))
			r.settle(one, under(path, key.String()))
			v.SetMapIndex(key, one)
		}
	case reflect.Struct:
		all := fields(v.Type())
		for _, f := range all {
			if source, ok := v.Field(f.index).Addr().Interface().(*Source); !ok {
				r.settle(v.Field(f.index), join(path, f.key))
			} else if source.keys == "" {
				r.settleSource(source, path, keysOf(all, f.index))
			}
		}
	}
}

func (r *reader) settleSource(s *Source, path, keys string) {
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
