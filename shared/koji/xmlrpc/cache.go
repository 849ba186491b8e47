package xmlrpc

import "hash/maphash"

// cache gives out one string for equal short texts that come near each other:
// a list of packages repeats names, versions and architectures all the time.
type cache struct {
	seed  maphash.Seed
	slots []string
}

const (
	cacheSlots = 1 << 12
	cacheText  = 64
)

func (c *cache) keep(text []byte) string {
	if len(text) > cacheText || len(text) == 0 {
		return string(text)
	}
	if c.slots == nil {
		c.seed, c.slots = maphash.MakeSeed(), make([]string, cacheSlots)
	}
	slot := &c.slots[maphash.Bytes(c.seed, text)%cacheSlots]
	if *slot != string(text) {
		*slot = string(text)
	}
	return *slot
}
