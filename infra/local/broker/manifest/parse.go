package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads the documents of one file. The error joins one *Error for each
// thing wrong. Check the whole Set with Check afterwards.
func Parse(name string, data []byte) (*Set, error) {
	var set Set
	var errs []error
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, syntaxError(name, err))
			break
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue // nothing between two "---"
		}
		r := &reader{file: name, lines: map[string]int{}}
		r.document(doc.Content[0], &set)
		errs = append(errs, r.errs...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &set, nil
}

// syntaxError takes the line out of the YAML library's message.
func syntaxError(name string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if _, scanErr := fmt.Sscanf(text, "line %d: ", &line); scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
	}
	return &Error{File: name, Line: line, Problem: text}
}

func (r *reader) document(n *yaml.Node, set *Set) {
	o := Object{File: r.file, Line: n.Line}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "", "wants an object with apiVersion and kind, not %s", describe(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "apiVersion":
			r.text(&o.APIVersion)(n.Content[i+1], "apiVersion")
		case "kind":
			r.text(&o.Kind)(n.Content[i+1], "kind")
		}
	}
	if len(r.errs) > 0 {
		return
	}
	top := fields{
		"apiVersion": r.ignore, "kind": r.ignore, "status": r.ignore,
		"metadata": func(n *yaml.Node, at string) { r.metadata(n, at, &o) },
	}
	switch o.APIVersion + " " + o.Kind {
	case "eventing.knative.dev/v1 Broker":
		r.broker(n, top, &o, set)
	case "eventing.knative.dev/v1 Trigger":
		r.trigger(n, top, &o, set)
	case "sources.knative.dev/v1 PingSource":
		r.pingSource(n, top, &o, set)
	default:
		r.other(n, &o, set)
	}
	if o.Name == "" && len(r.errs) == 0 {
		r.fail(n, "metadata.name", "is missing")
	}
}

// other keeps the name of an object the local broker has no use for. Kinds
// that would route events are refused: leaving them out would change what is
// delivered.
func (r *reader) other(n *yaml.Node, o *Object, set *Set) {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	switch {
	case o.APIVersion == "" || o.Kind == "":
		r.fail(n, "", "wants an object with apiVersion and kind")
		return
	case group == "sources.knative.dev", group == "flows.knative.dev", group == "messaging.knative.dev",
		group == "eventing.knative.dev" && slices.Contains([]string{"Broker", "Trigger", "EventTransform", "RequestReply"}, o.Kind):
		r.fail(n, "", "the local broker knows no %s %s; it knows eventing.knative.dev/v1 Broker and Trigger, and sources.knative.dev/v1 PingSource", o.APIVersion, o.Kind)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "metadata" {
			r.metadata(n.Content[i+1], "metadata", o)
		}
	}
	set.Others = append(set.Others, *o)
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)

func (r *reader) metadata(n *yaml.Node, at string, o *Object) {
	var labels map[string]string
	r.object(n, at, fields{
		"name":              r.name(&o.Name),
		"namespace":         r.name(&o.Namespace),
		"labels":            r.texts(&labels),
		"annotations":       r.texts(&o.Annotations),
		"creationTimestamp": r.ignore,
	})
}

func (r *reader) name(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		var text string
		before := len(r.errs)
		r.text(&text)(n, at)
		if len(r.errs) > before {
			return
		}
		if !dnsName.MatchString(text) {
			r.fail(n, at, "wants a name of a-z, 0-9, - and ., not %q", text)
			return
		}
		*into = text
	}
}
