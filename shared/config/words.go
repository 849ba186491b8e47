package config

import "strings"

const (
	// longestName bounds names that become part of keys in the bucket.
	longestName = 32
	// longestVariable and upper case keep tokens of the systems we know from
	// being taken for the name of a variable, and then shown: Pagure's have 64
	// characters, GitHub's and Testing Farm's lower case.
	longestVariable = 40
)

// isName tells whether text can name an instance.
func isName(text string) bool {
	return text != "" && len(text) <= longestName && text[0] >= 'a' && text[0] <= 'z' &&
		only(text, "abcdefghijklmnopqrstuvwxyz0123456789-")
}

// isVariable tells whether text can name an environment variable.
func isVariable(text string) bool {
	return text != "" && len(text) <= longestVariable && (text[0] < '0' || text[0] > '9') &&
		only(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
}

// isPathPart tells whether text can be a part of a repository's path.
func isPathPart(text string) bool {
	return text != "" && text[0] != '.' && text[0] != '-' &&
		only(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-")
}

func only(text, letters string) bool {
	return strings.Trim(text, letters) == ""
}
