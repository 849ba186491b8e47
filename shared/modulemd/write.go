package modulemd

import (
	"bytes"
	"cmp"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Write writes the documents as modules.yaml, for the repodata of a repository:
// by module, its defaults, its streams, what obsoletes them. Of two defaults of a
// module the newer stays: libmodulemd would drop both where they differ.
//
// Every document is written whole, also what this package does not read of it.
func (x Index) Write(w io.Writer) error {
	defaults := slices.SortedFunc(slices.Values(x.Defaults), func(a, b *Defaults) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), -cmp.Compare(a.Modified, b.Modified))
	})
	defaults = slices.CompactFunc(defaults, func(a, b *Defaults) bool { return a.Module == b.Module })
	streams := slices.SortedFunc(slices.Values(x.Streams), func(a, b *Stream) int {
		return cmp.Or(a.Compare(b.NSVC), cmp.Compare(a.Arch, b.Arch))
	})
	streams = slices.CompactFunc(streams, func(a, b *Stream) bool { return a.NSVC == b.NSVC && a.Arch == b.Arch })
	obsoletes := slices.SortedFunc(slices.Values(x.Obsoletes), func(a, b *Obsoletes) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Modified, b.Modified))
	})
	for _, name := range x.Names() {
		for _, d := range defaults {
			if d.Module == name {
				if err := write(w, d.root); err != nil {
					return err
				}
			}
		}
		for _, s := range streams {
			if s.Name == name {
				if err := write(w, s.root); err != nil {
					return err
				}
			}
		}
		for _, o := range obsoletes {
			if o.Module == name {
				if err := write(w, o.root); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Names are the modules told of, sorted.
func (x Index) Names() []string {
	var names []string
	for _, d := range x.Defaults {
		names = append(names, d.Module)
	}
	for _, s := range x.Streams {
		names = append(names, s.Name)
	}
	for _, o := range x.Obsoletes {
		names = append(names, o.Module)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// With gives the documents for a repository of these streams: their own, and of
// x the defaults and obsoletes of their modules.
func (x Index) With(streams []*Stream) Index {
	out := Index{Streams: streams}
	names := out.Names()
	for _, d := range x.Defaults {
		if slices.Contains(names, d.Module) {
			out.Defaults = append(out.Defaults, d)
		}
	}
	for _, o := range x.Obsoletes {
		if slices.Contains(names, o.Module) {
			out.Obsoletes = append(out.Obsoletes, o)
		}
	}
	return out
}

// Bytes writes one stream's document.
func (s *Stream) Bytes() ([]byte, error) {
	var out bytes.Buffer
	err := write(&out, s.root)
	return out.Bytes(), err
}

// write writes a document as libmodulemd delimits it.
func write(w io.Writer, root *yaml.Node) error {
	var out bytes.Buffer
	out.WriteString("---\n")
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return wrong("%w", err)
	}
	if err := enc.Close(); err != nil {
		return wrong("%w", err)
	}
	out.WriteString("...\n")
	_, err := out.WriteTo(w)
	return err
}
