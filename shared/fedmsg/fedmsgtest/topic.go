package fedmsgtest

import "strings"

// matches tells whether a binding pattern of a topic exchange takes a routing
// key: "*" is one word, "#" is any number of them, none included.
func matches(pattern, key string) bool {
	return wordsMatch(strings.Split(pattern, "."), words(key))
}

func words(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// wordsMatch remembers the last "#" and lets it take one word more on each
// failure, so that hostile patterns cost only pattern × key.
func wordsMatch(pattern, key []string) bool {
	if len(pattern) == 1 && pattern[0] == "" {
		return len(key) == 0
	}
	p, k := 0, 0
	hash, resume := -1, 0
	for k < len(key) {
		switch {
		case p < len(pattern) && pattern[p] == "#":
			hash, resume = p, k
			p++
		case p < len(pattern) && (pattern[p] == "*" || pattern[p] == key[k]):
			p++
			k++
		case hash >= 0:
			resume++
			p, k = hash+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "#" {
		p++
	}
	return p == len(pattern)
}
