package compose

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A lock may have a million packages. It is written and read one package at a
// time: else it would be in memory three times, as values, as text, and as the
// text before there was room for more.

// write writes a lock as encoding/json does, to the byte: its digest is of that.
func (l Lock) write(w io.Writer) error {
	out := &listing{w: bufio.NewWriterSize(w, 64<<10)}
	trees := l.Trees
	l.Trees = nil
	out.around(l, `"trees":null`, func() {
		writeAll(out, trees, func(t Tree) {
			rpms := t.RPMs
			t.RPMs = nil
			out.around(t, `"rpms":null`, func() { writeAll(out, rpms, func(r RPM) { out.value(r) }) })
		})
	})
	out.text("\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// listing writes JSON until something goes wrong.
type listing struct {
	w   *bufio.Writer
	err error
}

func (o *listing) text(s string) {
	if o.err == nil {
		_, o.err = o.w.WriteString(s)
	}
}

func (o *listing) value(v any) {
	raw, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.text(string(raw))
}

// around writes v, and what inside writes in place of the null of a list.
func (o *listing) around(v any, null string, inside func()) {
	raw, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	before, after, _ := bytes.Cut(raw, []byte(null))
	o.text(string(before) + null[:len(null)-len("null")])
	inside()
	o.text(string(after))
}

func writeAll[T any](o *listing, all []T, one func(T)) {
	if all == nil {
		o.text("null")
		return
	}
	o.text("[")
	for i, v := range all {
		if i > 0 {
			o.text(",")
		}
		one(v)
	}
	o.text("]")
}

// readLock reads what write wrote, or anybody else, as long as it is the same.
func readLock(r io.Reader) (Lock, error) {
	var l Lock
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	err := readObject(d, map[string]func() error{
		"version":   func() error { return d.Decode(&l.Version) },
		"koji":      func() error { return d.Decode(&l.Koji) },
		"event":     func() error { return d.Decode(&l.Event) },
		"tags":      func() error { return d.Decode(&l.Tags) },
		"tag_names": func() error { return d.Decode(&l.TagNames) },
		"trees": func() error {
			return readAll(d, treesMost, &l.Trees, func() (t Tree, err error) { return readTree(d) })
		},
	})
	if err != nil {
		return Lock{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Lock{}, errors.New("something follows its end")
	}
	return l, nil
}

func readTree(d *json.Decoder) (Tree, error) {
	var t Tree
	err := readObject(d, map[string]func() error{
		"variant":    func() error { return d.Decode(&t.Variant) },
		"arch":       func() error { return d.Decode(&t.Arch) },
		"kind":       func() error { return d.Decode(&t.Kind) },
		"modules":    func() error { return d.Decode(&t.Modules) },
		"groups":     func() error { return d.Decode(&t.Groups) },
		"updateinfo": func() error { return d.Decode(&t.UpdateInfo) },
		"rpms": func() error {
			var last RPM
			return readAll(d, rpmsMost, &t.RPMs, func() (p RPM, err error) {
				err = d.Decode(&p)
				// What neighbours have in common is in memory once.
				for _, both := range [][2]*string{{&p.Build, &last.Build}, {&p.SRPM, &last.SRPM}, {&p.Sigkey, &last.Sigkey}, {&p.Base, &last.Base}} {
					if *both[0] == *both[1] {
						*both[0] = *both[1]
					}
				}
				last = p
				return p, err
			})
		},
	})
	return t, err
}

// readObject reads the members of an object, each by what reads its value.
func readObject(d *json.Decoder, members map[string]func() error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string) // nothing else can stand there
		read := members[name]
		if read == nil {
			return fmt.Errorf("unknown field %.40q", name)
		}
		if err := read(); err != nil {
			return err
		}
	}
	return delim(d, '}')
}

// readAll reads a list of at most so many, or null.
func readAll[T any](d *json.Decoder, most int, to *[]T, one func() (T, error)) error {
	*to = nil
	start, err := d.Token()
	if err != nil || start == nil {
		return err
	}
	if start != json.Delim('[') {
		return fmt.Errorf("%v where a list begins", start)
	}
	*to = []T{}
	for d.More() {
		v, err := one()
		if err != nil {
			return err
		}
		if *to = append(*to, v); len(*to) > most {
			return fmt.Errorf("more than %d in a list", most)
		}
	}
	return delim(d, ']')
}

func delim(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = fmt.Errorf("%v where %v was to stand", got, want)
	}
	return err
}
