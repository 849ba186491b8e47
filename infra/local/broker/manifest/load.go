package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// mostBytes bounds one manifest file.
const mostBytes = 4 << 20

// Error is one thing wrong in a manifest.
type Error struct {
	File    string
	Line    int
	Field   string // "spec.filters[0].exact.type"; empty for the whole object
	Problem string
}

// Error says file:line: field: problem.
func (e *Error) Error() string {
	at := fmt.Sprintf("%s:%d: ", e.File, e.Line)
	if e.Field != "" {
		at += e.Field + ": "
	}
	return at + e.Problem
}

// Load reads every .yaml and .yml file directly in dir of fsys, but no
// kustomization, and checks that they fit together. The error joins one
// *Error for each thing wrong.
func Load(fsys fs.FS, dir string) (*Set, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	var all Set
	var errs []error
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if entry.IsDir() || !isManifest(entry.Name()) {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Size() > mostBytes {
			errs = append(errs, &Error{File: name, Line: 1, Problem: fmt.Sprintf("is larger than %d bytes", mostBytes)})
			continue
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		set, err := Parse(name, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all.Add(set)
	}
	if len(errs) == 0 {
		errs = append(errs, all.Check())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &all, nil
}

func isManifest(name string) bool {
	if name == "kustomization.yaml" || name == "kustomization.yml" {
		return false
	}
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// Add puts the objects of other beside those of s.
func (s *Set) Add(other *Set) {
	s.Brokers = append(s.Brokers, other.Brokers...)
	s.Triggers = append(s.Triggers, other.Triggers...)
	s.PingSources = append(s.PingSources, other.PingSources...)
	s.Others = append(s.Others, other.Others...)
}

// Check looks at what no single object shows: two of one name, a Trigger, a
// timer or a hand-over whose Broker is not there, and Triggers that hand an
// event round in a circle.
func (s *Set) Check() error {
	var errs []error
	seen := map[string]Object{}
	for _, o := range s.objects() {
		key := o.Kind + " " + o.Namespace + "/" + o.Name
		if first, twice := seen[key]; twice {
			errs = append(errs, o.fail("metadata.name", fmt.Sprintf("%s %s is also in %s:%d", o.Kind, o.Name, first.File, first.Line)))
		}
		seen[key] = o
	}
	for _, b := range s.Brokers {
		errs = append(errs, s.checkDeadLetters(b.Object, b.Delivery))
	}
	for _, t := range s.Triggers {
		if b, ok := s.Broker(t.Broker); !ok || elsewhere(b.Namespace, t.Namespace) {
			errs = append(errs, t.fail("spec.broker", "there is no Broker "+t.Broker))
		}
		errs = append(errs, s.checkBroker(t.Object, "spec.subscriber", t.Subscriber), s.checkDeadLetters(t.Object, t.Delivery))
	}
	for _, p := range s.PingSources {
		errs = append(errs, s.checkBroker(p.Object, "spec.sink", p.Sink))
	}
	return errors.Join(append(errs, s.checkCircles())...)
}

// Broker finds a Broker by name.
func (s *Set) Broker(name string) (Broker, bool) {
	i := slices.IndexFunc(s.Brokers, func(b Broker) bool { return b.Name == name })
	if i < 0 {
		return Broker{}, false
	}
	return s.Brokers[i], true
}

func (s *Set) objects() []Object {
	all := slices.Clone(s.Others)
	for _, b := range s.Brokers {
		all = append(all, b.Object)
	}
	for _, t := range s.Triggers {
		all = append(all, t.Object)
	}
	for _, p := range s.PingSources {
		all = append(all, p.Object)
	}
	return all
}

func (o Object) fail(field, problem string) error {
	return &Error{File: o.File, Line: o.Line, Field: field, Problem: problem}
}
