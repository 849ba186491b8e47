package config

import (
	"fmt"
	"reflect"
	"strings"
)

// field is one key a section may have.
type field struct {
	key   string
	index int // of the struct's field
	// part is the field of a Source the key sets, "Env" or "File"; else empty.
	part string
}

// fields lists the keys of a section in the order of its type. The tag of a
// Source is its name with ",secret" for NAME_env and NAME_file, or with
// ",file" for NAME_file alone.
func fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		name, kind, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch kind {
		case "secret":
			all = append(all, field{name + "_env", i, "Env"}, field{name + "_file", i, "File"})
		case "file":
			all = append(all, field{name + "_file", i, "File"})
		default:
			all = append(all, field{name, i, ""})
		}
	}
	return all
}

// keysOf lists what can be written for the Source whose key is key.
func keysOf(all []field, index int) string {
	var keys []string
	for _, f := range all {
		if f.index == index {
			keys = append(keys, f.key)
		}
	}
	return strings.Join(keys, " or ")
}

// join appends a key to the path of its section.
func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// under is the path of an instance of a section.
func under(section, name string) string { return join(section, shown(name)) }

// index is the path of an item of a list.
func index(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }
