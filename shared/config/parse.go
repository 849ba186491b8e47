package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// most is the largest configuration read, in bytes: a long one with many
// forges has 10 KiB, and the YAML library is slow on malicious ones.
const most = 64 << 10

// Read reads the file at path. What is wrong with its content comes as
// Problems.
func Read(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a configuration. The error is all Problems at once; name is the
// file's name in them, and files named in data without a leading slash are in
// its folder.
func Parse(name string, data []byte) (*Config, error) {
	r := newReader(name)
	cfg := new(Config)
	if node, ok := r.document(data); ok {
		r.value(node, reflect.ValueOf(cfg).Elem(), "")
		eachSource(reflect.ValueOf(cfg).Elem(), "", r.settle)
		r.complete(cfg)
		r.check(cfg)
	}
	if len(r.problems) > 0 {
		r.problems.sort()
		return nil, r.problems
	}
	return cfg, nil
}

// document gives the one YAML document in data.
func (r *reader) document(data []byte) (node, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > most:
		r.fail("", "the file has %d bytes; a configuration has no more than %d", len(data), most)
		return nil, false
	case !utf8.Valid(data):
		r.fail("", "the file is not UTF-8 text")
		return nil, false
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil, false
	}
	var bodies []node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.fail("", "the file is empty; docs/config.md has an example to begin with")
		return nil, false
	case 1:
		return bodies[0], true
	}
	r.failAt(first(bodies[1]), "", `a second document begins here; put all into one, without "---" and "%%"`)
	return nil, false
}

// syntax reports what is no YAML at all.
func (r *reader) syntax(err error) {
	at := Problem{Line: 1, Column: 1}
	text := "it is not YAML"
	var bad *yaml.SyntaxError
	if errors.As(err, &bad) {
		text += ": " + strings.ReplaceAll(bad.Message, "\t", `\t`)
		if bad.Token != nil && bad.Token.Position != nil {
			at.Line, at.Column = max(1, bad.Token.Position.Line), max(1, bad.Token.Position.Column)
		}
		text += hint(bad.Message)
	}
	r.failAt(at, "", "%s", text)
}

// hint says what usually is behind a message of the YAML library.
func hint(message string) string {
	switch {
	case strings.Contains(message, `'	'`):
		return "; indent with spaces, not tabs"
	case strings.Contains(message, "mapping value is not allowed"):
		return `; indent keys of one level alike, and put text with ": " in it into quotes`
	case strings.Contains(message, "cannot start any token"):
		return "; put text that begins so into quotes"
	}
	return ""
}
