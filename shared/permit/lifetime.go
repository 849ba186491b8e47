package permit

import "time"

// Lifetime gives how long a compose with attributes a lives: the wish, or the
// default without one, cut to what the caller may have at most. Check has
// refused a wish that is too long for the caller's own entry; what is over the
// server's limit is cut without a word, as in ODCS.
func (p Policy) Lifetime(c Caller, a Attributes) time.Duration {
	wish := a.SecondsToLive
	if wish <= 0 {
		wish = positive(p.SecondsToLive, defaultSecondsToLive)
	}
	server := positive(p.Default.MaxSecondsToLive, mostSecondsToLive)
	most := 0
	for _, entry := range p.matching(c, a) {
		most = max(most, positive(entry.allowed.MaxSecondsToLive, server))
	}
	if most == 0 { // an admin, or a policy that is open
		most = server
	}
	return time.Duration(min(wish, most)) * time.Second
}

// matching are the caller's entries that allow a compose with attributes a.
func (p Policy) matching(c Caller, a Attributes) []entry {
	var found []entry
	for _, entry := range p.entries(c) {
		if len(p.refused(c, entry.allowed, a)) == 0 {
			found = append(found, entry)
		}
	}
	return found
}

func positive(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}
