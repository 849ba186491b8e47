package odcs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

const (
	allowedText = "Only alphanumerical characters and [' ', '-', '/', '_', '.', ':', '#', '+', '?', '$', '~'] " +
		"characters are allowed in ODCS input variables"
	allowedHint = "Leave the other characters out."
)

// walk checks types and characters in the whole document, member by member in
// the order they were written (api_utils.validate_json_data). What is called
// like a field is held to that field's type wherever it stands.
func walk(o object, level int) *Refusal {
	for _, m := range o {
		if err := typed(m); err != nil {
			return err
		}
		if inner, ok := m.value.(object); ok {
			if level != 0 || m.key != "source" {
				return refuse("Write lists, texts and numbers in other fields.", "Only 'source' key is allowed to contain dict.")
			}
			if err := walk(inner, level+1); err != nil {
				return err
			}
			continue
		}
		if err := plain(m.key, m.value, m.key == "packages"); err != nil {
			return err
		}
	}
	return nil
}

// typed holds a member to the type of the field it is named after.
func typed(m member) *Refusal {
	switch {
	case slices.Contains([]string{"builds", "multilib_method", "packages", "scratch_build_tasks", "scratch_modules", "sigkeys", "modules"}, m.key):
		if _, ok := m.value.([]any); !ok {
			return refuse(`Write it as a list: ["…"].`, "%s should be a list", m.key)
		}
	case slices.Contains([]string{"base_module_br_name", "base_module_br_stream", "compose_type", "label", "target_dir", "type"}, m.key):
		if _, ok := m.value.(string); !ok {
			return refuse(`Write it in quotes.`, "%s should be a string", m.key)
		}
	case slices.Contains([]string{"seconds_to_live", "koji_event", "base_module_br_stream_version_lte", "base_module_br_stream_version_gte"}, m.key):
		if n, ok := m.value.(json.Number); !ok || !whole(n) {
			return refuse("Write a whole number without quotes.", "%s should be an integer", m.key)
		}
	}
	return nil
}

// whole tells what Python reads as an int.
func whole(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

// plain checks one value and what is in it. Free are the texts of packages,
// which ODCS does not look at.
func plain(key string, value any, free bool) *Refusal {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			if _, ok := item.(object); ok {
				return refuse("Write texts in lists.", "Only 'source' key is allowed to contain dict.")
			}
			if err := plain(strconv.Itoa(i), item, free); err != nil {
				return err
			}
		}
	case string:
		if !free && strings.ContainsFunc(v, func(r rune) bool { return !allowed(r) }) {
			return refuse(allowedHint, allowedText)
		}
	case json.Number, bool:
	default:
		return refuse("Leave the field out instead.",
			"Only dict, list, str, unicode, int, float and bool types are allowed in ODCS input variables, but '%.80s' has '%s' type", key, pythonType(value))
	}
	return nil
}

// allowed are the characters of texts. ODCS takes letters of all alphabets, and
// nothing in Koji is named with them; and it refuses ^, which versions have.
func allowed(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" -/_.:#+?$~^", r)
}
