package repodata

import (
	"bytes"
	"fmt"

	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/rpm/header"
)

// relation is a kind of dependency, in the order primary lists them.
type relation int

const (
	provides relation = iota
	requires
	conflicts
	obsoletes
	suggests
	enhances
	recommends
	supplements
	kinds
)

func (r relation) String() string {
	return [kinds]string{"provides", "requires", "conflicts", "obsoletes", "suggests", "enhances", "recommends", "supplements"}[r]
}

// list is the written entries of one kind.
type list struct {
	xml []byte
	// any says that there was an entry, if only one without a name.
	any bool
}

// Bits of a dependency's flags (rpm's rpmds.h).
const (
	flagMissingOK = 1 << 19
	flagStrong    = 1 << 27 // SUSE's and Mandriva's, in the old weak dependencies
	// A requirement of a scriptlet: %posttrans, plain PreReq, %pretrans, %pre,
	// %post.
	flagsOldPre = 1<<6 | 1<<9 | 1<<10
	flagsPre    = flagsOldPre | 1<<5 | 1<<7
)

// readRelations writes the entries of all kinds. createrepo_c's order of
// reading matters: provides come before requires, which leave out what is
// provided, and several tags feed recommends, suggests, enhances and supplements.
func (d *Describer) readRelations() {
	for i := range d.relations {
		d.relations[i] = list{xml: d.relations[i].xml[:0]}
	}
	plain := func(into relation) func(edge, uint64) {
		return func(e edge, _ uint64) { d.addEntry(into, e) }
	}
	byStrength := func(strong, weak relation) func(edge, uint64) {
		return func(e edge, flags uint64) {
			if flags&flagStrong != 0 {
				d.addEntry(strong, e)
			} else {
				d.addEntry(weak, e)
			}
		}
	}
	d.provided.reset(d.count(header.ProvideName))
	d.eachEdge(provides, header.ProvideName, header.ProvideFlags, header.ProvideVersion, d.addProvide)
	d.eachEdge(conflicts, header.ConflictName, header.ConflictFlags, header.ConflictVersion, plain(conflicts))
	d.eachEdge(obsoletes, header.ObsoleteName, header.ObsoleteFlags, header.ObsoleteVersion, plain(obsoletes))
	d.readRequires()
	d.eachEdge(suggests, header.SuggestName, header.SuggestFlags, header.SuggestVersion, plain(suggests))
	d.eachEdge(enhances, header.EnhanceName, header.EnhanceFlags, header.EnhanceVersion, plain(enhances))
	d.eachEdge(recommends, header.RecommendName, header.RecommendFlags, header.RecommendVersion, plain(recommends))
	d.eachEdge(supplements, header.SupplementName, header.SupplementFlags, header.SupplementVersion, plain(supplements))
	d.eachEdge(suggests, header.OldSuggestName, header.OldSuggestFlags, header.OldSuggestVersion, byStrength(recommends, suggests))
	d.eachEdge(enhances, header.OldEnhanceName, header.OldEnhanceFlags, header.OldEnhanceVersion, byStrength(supplements, enhances))
}

// eachEdge reads three parallel tags and hands on each dependency. One
// missing tag means there are none, as for createrepo_c.
func (d *Describer) eachEdge(kind relation, names, flags, versions header.Tag, use func(e edge, flags uint64)) {
	if !d.has(names, flags, versions) {
		return
	}
	name, flag, version := d.texts(names), d.ints(flags), d.texts(versions)
	n := name.Len()
	switch {
	case d.err != nil:
		return
	case flag.Len() != n || version.Len() != n:
		d.fail(kind.String(), fmt.Errorf("%w: %d names, %d flags and %d versions", header.ErrBroken, n, flag.Len(), version.Len()))
		return
	case n > maxValues:
		d.fail(kind.String(), fmt.Errorf("%d are more than the %d a package may have", n, maxValues))
		return
	}
	for i := range n {
		var e edge
		e.name, _ = name.Next()
		e.version, _ = version.Next()
		bits := flag.At(i)
		e.sense = senseOf(bits)
		use(e, bits)
	}
}

// count is how many edges there will be; too many are none, as eachEdge will
// refuse them.
func (d *Describer) count(names header.Tag) int {
	texts := d.texts(names)
	if texts.Len() > maxValues {
		return 0
	}
	return texts.Len()
}

func (d *Describer) addProvide(e edge, _ uint64) {
	if !goodEpoch(e.version) {
		return
	}
	if found, slot := d.provided.find(e, true); found == nil {
		d.provided.add(slot, e)
	}
	d.addEntry(provides, e)
}

// readRequires writes requires without what is not worth a solver's while:
// what rpm itself, the package's own files or its own provides satisfy, and
// repetitions.
func (d *Describer) readRequires() {
	mask := uint64(flagsPre)
	if d.Options.OldPre {
		mask = flagsOldPre
	}
	d.required.reset(d.count(header.RequireName))
	var libc edge
	d.eachEdge(requires, header.RequireName, header.RequireFlags, header.RequireVersion, func(e edge, flags uint64) {
		if bytes.HasPrefix(e.name, []byte("rpmlib(")) {
			return
		}
		if len(e.name) > 0 && e.name[0] == '/' && isPrimary(e.name) && d.paths.has(e.name) {
			return
		}
		if found, _ := d.provided.find(e, true); found != nil {
			return
		}
		e.pre = flags&mask != 0
		last, slot := d.required.find(e, false)
		if last != nil && last.sense == e.sense && last.pre == e.pre && bytes.Equal(last.version, e.version) {
			return
		}
		switch {
		case !goodEpoch(e.version):
		case flags&flagMissingOK != 0:
			e.pre = false
			d.addEntry(recommends, e)
		case bytes.HasPrefix(e.name, []byte("libc.so.6")):
			// Of all the versions of glibc's symbols only the highest is kept.
			if libc.name == nil || newerLibc(libc.name, e.name) {
				libc = e
			}
		default:
			d.addEntry(requires, e)
			if last != nil {
				*last = e
			} else {
				d.required.add(slot, e)
			}
		}
	})
	if libc.name != nil {
		d.addEntry(requires, libc)
	}
}

// newerLibc reports whether next asks for a newer version than kept, by
// createrepo_c's cr_compare_dependency: the first run that begins with a digit
// within the first parentheses is the version.
func newerLibc(kept, next []byte) bool {
	a, aState := libcVersion(kept)
	b, bState := libcVersion(next)
	if aState != bState {
		return aState < bState
	}
	return aState == libcNumbered && rpm.CompareVersions(string(a), string(b)) < 0
}

// How much of a version a name has, from less to more.
const (
	libcPlain = iota
	libcOpen
	libcEmpty
	libcWord
	libcNumbered
)

func libcVersion(name []byte) ([]byte, int) {
	_, inside, found := bytes.Cut(name, []byte("("))
	if !found {
		return nil, libcPlain
	}
	end := bytes.IndexByte(inside, ')')
	if end < 0 {
		return nil, libcOpen
	}
	if end == 0 {
		return nil, libcEmpty
	}
	// The search for a digit does not stop at the parenthesis; "(64bit)" behind
	// it counts as too far.
	for i, c := range inside {
		if c >= '0' && c <= '9' {
			if i > end {
				return nil, libcWord
			}
			return inside[i:end], libcNumbered
		}
	}
	return nil, libcWord
}
