package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// document is one object of a file.
type document struct {
	file                       string
	line                       int
	api, kind, name, namespace string
	node                       *yaml.Node
	fields                     map[string]any
}

// documentsMost bounds the objects of a file: a manifest of a whole system has
// some hundred.
const documentsMost = 10_000

// read takes a file apart.
func (l *linter) read(file File) {
	decoder := yaml.NewDecoder(bytes.NewReader(file.Data))
	for n := 0; ; n++ {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || n == documentsMost {
			l.unreadable(file.Name, err)
			return
		}
		if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
			continue
		}
		l.take(file.Name, node.Content[0])
	}
}

func (l *linter) unreadable(file string, err error) {
	line, text := 1, "there are too many objects in it"
	if err != nil {
		text = strings.TrimPrefix(err.Error(), "yaml: ")
		if _, scanErr := fmt.Sscanf(text, "line %d: ", &line); scanErr == nil {
			_, text, _ = strings.Cut(text, ": ")
		}
	}
	l.found = append(l.found, Finding{
		File: file, Line: line, Object: "file", Severity: Error, Check: "yaml", What: "is no YAML from here on: " + text,
		Why: "Nothing after this place was read, by these checks or by a cluster.", Do: "Mend the YAML.",
	})
}

// take keeps an object, or those of a list.
func (l *linter) take(file string, node *yaml.Node) {
	d := &document{file: file, line: node.Line, node: node, kind: "object"}
	if node.Kind != yaml.MappingNode || node.Decode(&d.fields) != nil {
		l.find(d, "", rule{"yaml", Error, "A cluster takes objects only.", "Write an object with apiVersion, kind and metadata."}, "is no object")
		return
	}
	d.api, d.kind = d.text("apiVersion"), d.text("kind")
	d.name, d.namespace = d.text("metadata.name"), d.text("metadata.namespace")
	if d.api == "v1" && d.kind == "List" {
		if items := child(node, "items"); items != nil {
			for _, item := range items.Content {
				l.take(file, item)
			}
		}
		return
	}
	if d.api == "" || d.kind == "" || d.name == "" {
		l.find(d, "", rule{"yaml", Error, "A cluster refuses it.", "Write apiVersion, kind and metadata.name."}, "is no whole object")
		return
	}
	l.docs = append(l.docs, d)
	switch d.api + " " + d.kind {
	case brokerKind, triggerKind, pingSourceKind:
		l.route(d)
	}
}

// route reads what routes events as the local broker does, which knows what a
// filter means. The lines of its errors are those of the file.
func (l *linter) route(d *document) {
	meta := map[string]any{"name": d.name}
	for _, name := range []string{"namespace", "labels", "annotations"} {
		if value := d.value("metadata." + name); value != nil {
			meta[name] = value
		}
	}
	text, err := json.Marshal(map[string]any{"apiVersion": d.api, "kind": d.kind, "metadata": meta, "spec": d.fields["spec"]})
	if err != nil {
		return // typed says what is wrong with it
	}
	part, err := manifest.Parse(d.file, text)
	if err == nil {
		l.set.Add(part)
		return
	}
	for _, one := range joined(err) {
		var at *manifest.Error
		if errors.As(one, &at) && strings.HasPrefix(at.Field, "spec.filter") {
			l.find(d, at.Field, rule{
				"filter", Error, "Knative without its webhook lets everything through a filter it cannot read; one that is not true or false ends its process.",
				"Try it: distaff trigger test NAME -f FILE --event EVENT.",
			}, "%s: %s", at.Field, at.Problem)
		}
	}
}

func joined(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, one := range several.Unwrap() {
			out = append(out, joined(one)...)
		}
		return out
	}
	return []error{err}
}

// value gives what lies at a path: spec.template.spec.containers[0].image.
func (d *document) value(path string) any {
	var at any = d.fields
	for _, part := range split(path) {
		switch inside := at.(type) {
		case map[string]any:
			at = inside[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(inside) {
				return nil
			}
			at = inside[n]
		default:
			return nil
		}
	}
	return at
}

func (d *document) text(path string) string {
	switch value := d.value(path).(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return value
	default:
		return fmt.Sprint(value)
	}
}

func (d *document) list(path string) []any {
	list, _ := d.value(path).([]any)
	return list
}

// at gives the line of the field a path leads to, or of the nearest above it.
func (d *document) at(path string) int {
	node, line := d.node, d.line
	for _, part := range split(path) {
		var next *yaml.Node
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == part {
					next, line = node.Content[i+1], node.Content[i].Line
				}
			}
		case yaml.SequenceNode:
			if n, err := strconv.Atoi(part); err == nil && n >= 0 && n < len(node.Content) {
				next = node.Content[n]
				line = next.Line
			}
		default: // nothing is below
		}
		if next == nil {
			return line
		}
		node = next
	}
	return line
}

func child(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

// A name in a path may be quoted: metadata.annotations["a.b/c"].
var pathPart = regexp.MustCompile(`\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)`)

func split(path string) []string {
	var parts []string
	for _, m := range pathPart.FindAllStringSubmatch(path, -1) {
		parts = append(parts, m[1]+m[2]+m[3])
	}
	return parts
}

func group(api string) string {
	name, _, ok := strings.Cut(api, "/")
	if !ok {
		return ""
	}
	return name
}
