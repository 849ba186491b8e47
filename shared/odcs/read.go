package odcs

import (
	"encoding/json"
	"strconv"
	"strings"
)

// text reads a string; one that is not there is empty.
func (p *parser) text(o object, key string) string {
	value, ok := o.get(key)
	if !ok {
		return ""
	}
	text, ok := value.(string)
	switch {
	case !ok:
		p.refuse("Write it in quotes.", "%s should be a string", key)
	case len(text) > AddressMost:
		p.refuse("Shorten it.", "%s is longer than %d bytes", key, AddressMost)
	case strings.HasPrefix(text, "-"):
		// It would be an option of whatever program is given it.
		p.refuse("Leave the dash out.", "%s should not begin with a dash, but got %.80s", key, text)
	}
	return text
}

// words reads a string of words that are separated by spaces.
func (p *parser) words(o object, key string) []string {
	value, ok := o.get(key)
	if !ok {
		return nil
	}
	text, ok := value.(string)
	if !ok {
		p.refuse("Write it in quotes, with spaces between several.", "%s should be a string", key)
		return nil
	}
	return p.bounded(key, split(text), AddressMost, ListMost)
}

// split divides at spaces, and at nothing else: what holds a line break is no
// word.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
}

// list reads a list of strings. As all of them end in one string with spaces
// between, an element with a space is two.
func (p *parser) list(o object, key string, word int) []string {
	return p.listOf(o, key, word, ListMost)
}

func (p *parser) listOf(o object, key string, word, most int) []string {
	var out []string
	for _, text := range p.raw(o, key) {
		out = append(out, split(text)...)
	}
	return p.bounded(key, out, word, most)
}

// raw reads a list of strings as it is.
func (p *parser) raw(o object, key string) []string {
	value, ok := o.get(key)
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		p.refuse(`Write it as a list: ["…"].`, "%s should be a list", key)
		return nil
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			p.refuse("Write each in quotes.", "%s should be a list of strings, but holds %s", key, repr(item))
			return nil
		}
		out = append(out, text)
	}
	return out
}

func (p *parser) bounded(key string, list []string, word, most int) []string {
	if len(list) > most {
		p.refuse("Ask for less, or for a whole tag.", "%s has %d elements, and may have %d", key, len(list), most)
		return nil
	}
	for _, item := range list {
		switch {
		case len(item) > word:
			p.refuse("Shorten it.", "%s holds an element longer than %d bytes: %.40s…", key, word, item)
		case item[0] == '-':
			p.refuse("Leave the dash out.", "%s should not hold what begins with a dash, but got %.80s", key, item)
		}
	}
	return list
}

// positive reads a whole number above 0; one that is not there is 0.
func (p *parser) positive(o object, key string) int64 {
	value, ok := o.get(key)
	if !ok {
		return 0
	}
	number, _ := value.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 54)
	if err != nil || n < 1 {
		p.refuse("Write a number above 0, or leave the field out.", "%s should be an integer above 0", key)
	}
	return n
}
