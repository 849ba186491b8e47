package frame

import "hash/fnv"

// Cut says how long frames are, in packages. Larger frames compress better,
// smaller ones leave more to copy when a package changes.
type Cut struct {
	// Average number of packages. No frame has less than half of it, but for
	// a list that is shorter.
	Average int
	// Max bounds every frame, whatever the names are. Zero means four times
	// the Average.
	Max int
}

// DefaultCut costs 6 % in size against one stream (96: 8 %, 256: 3 %), and the
// frames of ten changed packages are made in a fraction of a second.
func DefaultCut() Cut { return Cut{Average: 128, Max: 512} }

func (c Cut) orDefault() Cut {
	if c.Average <= 0 {
		return DefaultCut()
	}
	if c.Max <= 0 {
		c.Max = 4 * c.Average
	}
	c.Max = max(c.Max, 2*c.reach()+2)
	return c
}

// reach is how many neighbours on each side a border must be less than: of
// 2·reach+1 hashes each is the least equally often.
func (c Cut) reach() int { return max(c.Average/2, 1) }

// borders gives the first entry of each frame of entries[from:], and the number
// of entries last. from must be 0 or a border itself.
//
// A frame begins with a package whose name's hash is less than those of all
// its neighbours within reach. This depends on nothing else, so a package that
// comes, goes or changes moves no border but those beside it, and no two
// borders are nearer than reach. Where names were chosen so that there is no
// border within Max, the least hash there serves.
func (c Cut) borders(entries []Entry, from int) []int {
	found := []int{from}
	if from == len(entries) {
		return found
	}
	hashes := make([]uint64, len(entries)-from)
	for i := range hashes {
		hashes[i] = cutHash(entries, from+i)
	}
	reach, start := c.reach(), 0
	cut := func(at int) {
		for at-start > c.Max {
			end := min(start+c.Max, at-reach)
			start = leastOf(hashes, start+reach, end)
			found = append(found, from+start)
		}
		start = at
		found = append(found, from+at)
	}
	for i := reach; i+reach < len(hashes); i++ {
		if i-reach >= start && leastOf(hashes, i-reach, i+reach) == i {
			cut(i)
		}
	}
	cut(len(hashes))
	return found
}

// leastOf gives the position of the least hash in [first,last], the first of
// equal ones.
func leastOf(hashes []uint64, first, last int) int {
	least := first
	for i := first + 1; i <= last; i++ {
		if hashes[i] < hashes[least] {
			least = i
		}
	}
	return least
}

// cutHash is how little an entry likes to begin a frame. Packages of one name
// (other architectures, other versions) stay together if they can: all but the
// first hash into the upper half.
func cutHash(entries []Entry, i int) uint64 {
	if i == 0 || entries[i].Name != entries[i-1].Name {
		return spread(entries[i].Name) >> 1
	}
	return spread(entries[i].Base) | 1<<63
}

// spread is FNV-1a with murmur3's last step, without which the upper bits of
// short names are far from even.
func spread(name string) uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name))
	h := sum.Sum64()
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
