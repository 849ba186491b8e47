package repodata

import (
	"bytes"
	"hash/maphash"
)

// edge is a relation as it is told apart from others: by name alone, or by all
// but pre.
type edge struct {
	name, version []byte
	sense         sense
	pre           bool
}

// keys finds edges again within one package, without an allocation per package.
// A hostile header can hold a million of them, so the hash is seeded.
type keys struct {
	seed  maphash.Seed
	slots []int32 // numbers of edges from 1; 0 is free
	edges []edge
}

// reset forgets all edges and makes room for n.
func (k *keys) reset(n int) {
	if k.seed == (maphash.Seed{}) {
		k.seed = maphash.MakeSeed()
	}
	size := 16
	for size < 2*n {
		size *= 2
	}
	k.edges = k.edges[:0]
	if size > cap(k.slots) {
		k.slots = make([]int32, size)
		return
	}
	k.slots = k.slots[:size]
	clear(k.slots)
}

// find gives the edge equal to e, or nil and the slot to add it at. Within one
// set, exact must always be the same.
func (k *keys) find(e edge, exact bool) (found *edge, slot int) {
	hash := maphash.Bytes(k.seed, e.name)
	if exact {
		hash += maphash.Bytes(k.seed, e.version)*31 + uint64(e.sense)
	}
	mask := len(k.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask { //nolint:gosec // any bits will do
		at := k.slots[i]
		if at == 0 {
			return nil, i
		}
		f := &k.edges[at-1]
		if bytes.Equal(f.name, e.name) && (!exact || f.sense == e.sense && bytes.Equal(f.version, e.version)) {
			return f, i
		}
	}
}

// add puts an edge at the slot find gave. There is room for as many as reset
// was told.
func (k *keys) add(slot int, e edge) {
	k.edges = append(k.edges, e)
	k.slots[slot] = int32(len(k.edges)) //nolint:gosec // at most maxValues
}
