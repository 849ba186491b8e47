package modulemd

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Defaults tells which stream of a module is used where none is chosen, and which
// profiles are installed.
type Defaults struct {
	Module string
	// Stream may be empty: no stream is the default.
	Stream string
	// Modified grows with each change: YYYYMMDDhhmm.
	Modified string
	Profiles map[string][]string // by stream

	root *yaml.Node
}

// Obsoletes tells that a stream ends, or which follows it.
type Obsoletes struct {
	Module, Stream string
	Context        string // empty: all
	Modified       string // a time, 2020-05-01T00:00Z
	Message        string
	EOL            string // the day from which it counts; may be empty
	// ByModule and ByStream follow it; empty: nothing does.
	ByModule, ByStream string

	root *yaml.Node
}

func readDefaults(root, data *yaml.Node) (*Defaults, error) {
	in, err := members(data)
	if err != nil {
		return nil, err
	}
	d := &Defaults{Module: text(in["module"]), Stream: text(in["stream"]), Modified: text(in["modified"]), root: root}
	if !word(d.Module) || d.Stream != "" && !word(d.Stream) {
		return nil, fmt.Errorf("line %d: defaults of the module %.80q, stream %.80q", data.Line, d.Module, d.Stream)
	}
	d.Profiles, err = lists(in["profiles"])
	return d, err
}

func readObsoletes(root, data *yaml.Node) (*Obsoletes, error) {
	in, err := members(data)
	if err != nil {
		return nil, err
	}
	by, err := members(in["obsoleted_by"])
	if err != nil {
		return nil, err
	}
	o := &Obsoletes{
		Module: text(in["module"]), Stream: text(in["stream"]), Context: text(in["context"]), Modified: text(in["modified"]),
		Message: text(in["message"]), EOL: text(in["eol_date"]), ByModule: text(by["module"]), ByStream: text(by["stream"]), root: root,
	}
	n := NSVC{Name: o.Module, Stream: o.Stream, Context: o.Context}
	if err := n.check(); err != nil {
		return nil, err
	}
	return o, nil
}
