package composeapi

import (
	"reflect"
	"slices"
	"strings"
)

// schemaOf describes how a type is written as JSON.
func schemaOf(t reflect.Type) object {
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Pointer:
		inner := schemaOf(t.Elem())
		if kind, ok := inner["type"].(string); ok {
			inner["type"] = []string{kind, "null"}
		}
		return inner
	case reflect.Struct:
		return closed(members(t))
	default:
		return object{}
	}
}

// members describes the members of a struct.
func members(t reflect.Type) object {
	properties := object{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" {
			properties[name] = schemaOf(t.Field(i).Type)
		}
	}
	return properties
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
