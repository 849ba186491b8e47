package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func guide(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEveryKeyIsExplained looks for each key in the tables of its section.
func TestEveryKeyIsExplained(t *testing.T) {
	text := guide(t)
	sections := map[string]string{} // the tables by the heading's first word
	for part := range strings.SplitSeq(text, "\n### ") {
		heading, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		heading = strings.TrimSuffix(strings.Trim(heading, "`"), ".NAME")
		sections[heading] = body
	}
	explained := func(section, key string) {
		if !strings.Contains(sections[section], "`"+key+"`") {
			t.Errorf("%s is not in the section %q of docs/config.md", key, section)
		}
	}
	var within func(section, path string, typ reflect.Type)
	within = func(section, path string, typ reflect.Type) {
		for _, f := range fields(typ) {
			key := join(path, f.key)
			explained(section, key)
			inner := typ.Field(f.index).Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if f.part == "" && inner.Kind() == reflect.Struct {
				within(section, key, inner)
			}
		}
	}
	top := reflect.TypeFor[Config]()
	for _, f := range fields(top) {
		inner := top.Field(f.index).Type
		for inner.Kind() != reflect.Struct && inner.Kind() != reflect.String {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.String {
			explained("The instance", f.key)
			continue
		}
		within(f.key, "", inner)
	}
}

// TestTheExamplesParse reads each YAML block, and makes sure that the last one
// leaves out nothing but alternatives.
func TestTheExamplesParse(t *testing.T) {
	var last *reader
	for i, part := range strings.Split(guide(t), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		if _, err := Parse("example.yaml", []byte(example)); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
		last = newReader("example.yaml")
		if n, ok := last.document([]byte(example)); ok {
			last.value(n, reflect.ValueOf(new(Config)).Elem(), "")
		}
	}
	var given strings.Builder
	for path := range last.places {
		given.WriteString(path[strings.LastIndex(path, ".")+1:] + "\n")
	}
	var all func(typ reflect.Type)
	all = func(typ reflect.Type) {
		for typ.Kind() != reflect.Struct {
			if typ.Kind() != reflect.Map && typ.Kind() != reflect.Pointer && typ.Kind() != reflect.Slice {
				return
			}
			typ = typ.Elem()
		}
		for _, f := range fields(typ) {
			if f.part == "" || strings.HasSuffix(f.key, "_file") {
				env := strings.TrimSuffix(f.key, "_file") + "_env\n"
				if !strings.Contains(given.String(), f.key+"\n") && (f.part == "" || !strings.Contains(given.String(), env)) {
					t.Errorf("%s is not in the complete example", f.key)
				}
			}
			if f.part == "" {
				all(typ.Field(f.index).Type)
			}
		}
	}
	all(reflect.TypeFor[Config]())
}
