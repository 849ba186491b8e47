// Package statetest plays the orders in which runs can get into each other's
// way: all there are, or many drawn ones.
package statetest

import "math/rand/v2"

// Orders are plays, each a list of choices. A play follows a list as far as it
// goes, and takes the first choice from there on; the next list is the last one
// with its last choice raised that can be. The zero value is at the first play.
type Orders struct {
	// Rand draws the choices where there are too many orders to play all; nil:
	// all are played.
	Rand *rand.Rand

	choices, of []int // what was chosen, and out of how many
	at          int
}

// Choose gives a number below n.
func (o *Orders) Choose(n int) int {
	if o.at == len(o.choices) {
		first := 0
		if o.Rand != nil {
			first = o.Rand.IntN(n)
		}
		o.choices, o.of = append(o.choices, first), append(o.of, n)
	}
	o.at++
	return o.choices[o.at-1]
}

// Next gets ready for the next play, and tells whether there is one; of drawn
// ones there always is.
func (o *Orders) Next() bool {
	o.at = 0
	if o.Rand != nil {
		o.choices, o.of = nil, nil
		return true
	}
	for last := len(o.choices) - 1; last >= 0; last-- {
		if o.choices[last]+1 < o.of[last] {
			o.choices[last]++
			o.choices, o.of = o.choices[:last+1], o.of[:last+1]
			return true
		}
	}
	return false
}

// Choices are those of this play so far.
func (o *Orders) Choices() []int { return o.choices }
