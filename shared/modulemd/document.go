package modulemd

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// Largest is how many bytes of documents are read at once: 32 MiB, three times
// Fedora's largest modules.yaml.
const Largest = 32 << 20

// ErrDocument says that a text is no document of a module.
var ErrDocument = errors.New("document of a module")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDocument, fmt.Errorf(format, args...))
}

// Names and versions of the kinds of document.
const (
	kindStream    = "modulemd"
	kindPackager  = "modulemd-packager"
	kindDefaults  = "modulemd-defaults"
	kindObsoletes = "modulemd-obsoletes"
	kindTexts     = "modulemd-translations"
)

// Index is the documents in a repository, or in any file of several.
type Index struct {
	Streams   []*Stream
	Defaults  []*Defaults
	Obsoletes []*Obsoletes
}

// Parse reads a file of documents. Translations are passed over; a document of
// another kind or version is an error, and so are YAML's anchors and aliases,
// which no tool writes into such files.
func Parse(raw []byte) (Index, error) {
	var index Index
	if len(raw) > Largest {
		return index, wrong("larger than %d bytes", Largest)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	for n := 1; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return index, nil
		}
		if err != nil {
			return Index{}, wrong("%w", err)
		}
		if err := index.add(&doc); err != nil {
			return Index{}, fmt.Errorf("%w: number %d, line %d: %w", ErrDocument, n, doc.Line, err)
		}
	}
}

// ParseStream reads one document of a stream, as the Module Build Service and
// Koji's module builds keep it.
func ParseStream(raw []byte) (*Stream, error) {
	index, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if len(index.Streams) != 1 || len(index.Defaults)+len(index.Obsoletes) > 0 {
		return nil, wrong("%d streams where one was expected", len(index.Streams))
	}
	return index.Streams[0], nil
}

func (x *Index) add(doc *yaml.Node) error {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return errors.New("nothing stands in it")
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil // "---" and nothing
	}
	if err := plain(root); err != nil {
		return err
	}
	top, err := members(root)
	if err != nil {
		return err
	}
	kind, version, data := text(top["document"]), text(top["version"]), top["data"]
	if data == nil && kind != kindTexts {
		return fmt.Errorf("%.60q has no data", kind)
	}
	switch kind + " " + version {
	case kindStream + " 2", kindStream + " 1", kindPackager + " 2":
		s, err := readStream(root, data, version == "1")
		if err != nil {
			return err
		}
		s.packager = kind == kindPackager
		x.Streams = append(x.Streams, s)
	case kindDefaults + " 1":
		d, err := readDefaults(root, data)
		if err != nil {
			return err
		}
		x.Defaults = append(x.Defaults, d)
	case kindObsoletes + " 1":
		o, err := readObsoletes(root, data)
		if err != nil {
			return err
		}
		x.Obsoletes = append(x.Obsoletes, o)
	case kindTexts + " 1":
	default:
		return fmt.Errorf("%.60q version %.20q is not read: %s 1 and 2, %s 2, %s 1 and %s 1 are",
			kind, version, kindStream, kindPackager, kindDefaults, kindObsoletes)
	}
	return nil
}

// plain refuses anchors and aliases, and takes the comments away.
func plain(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: anchors and aliases are not read", n.Line)
	}
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, child := range n.Content {
		if err := plain(child); err != nil {
			return err
		}
	}
	return nil
}

// members gives the values of a mapping by their keys; nil has none.
func members(n *yaml.Node) (map[string]*yaml.Node, error) {
	out := map[string]*yaml.Node{}
	if n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return out, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: a mapping was to stand here", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key that is no word", key.Line)
		}
		if out[key.Value] != nil {
			return nil, fmt.Errorf("line %d: %.80q stands twice", key.Line, key.Value)
		}
		out[key.Value] = n.Content[i+1]
	}
	return out, nil
}

// text is a scalar as it is written, so that the stream 1.10 stays that.
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

func list(n *yaml.Node) ([]string, error) {
	if n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: a list was to stand here", n.Line)
	}
	var out []string
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a word was to stand here", item.Line)
		}
		out = append(out, item.Value)
	}
	return out, nil
}

// lists reads a mapping of names to lists.
func lists(n *yaml.Node) (map[string][]string, error) {
	in, err := members(n)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for name, value := range in {
		if out[name], err = list(value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// below follows keys through mappings.
func below(n *yaml.Node, keys ...string) (*yaml.Node, error) {
	for _, key := range keys {
		in, err := members(n)
		if err != nil {
			return nil, err
		}
		n = in[key]
	}
	return n, nil
}
