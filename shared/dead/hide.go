package dead

import "regexp"

// hidden stands where a secret stood.
const hidden = "[hidden]"

// secrets are what errors of other people's programs show by accident. Ours
// never hold any; but an error may repeat what a server answered.
//
//nolint:gochecknoglobals // compiled once
var secrets = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`(://)[^/\s@]+@`), "${1}" + hidden + "@"},
	{regexp.MustCompile(`(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9._~+/=-]{8,}`), "$1 " + hidden},
	// NAME=value, NAME:value, "NAME": "value"
	{regexp.MustCompile(`(?i)((?:authorization|x-api-key|token|passw(?:or)?d|passphrase|secret(?:_key)?|api[_-]?key|access[_-]?key(?:_id)?|signature|credential)["']?(?:[:=]|\s*[:=]\s*["']))(?:token\s+)?[^\s"',;&\[][^\s"',;&]*`), "${1}" + hidden},
	// NAME: value, which may be a sentence: "password: invalid user". A secret has
	// a digit in it.
	{regexp.MustCompile(`(?i)((?:authorization|x-api-key|token|passw(?:or)?d|passphrase|secret(?:_key)?|api[_-]?key|access[_-]?key(?:_id)?|signature|credential)\s*[:=]\s+)(?:token\s+)?[^\s"',;&\[0-9]*[0-9][^\s"',;&]{5,}`), "${1}" + hidden},
	{regexp.MustCompile(`\b(?:gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{8,}`), hidden},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`), hidden},
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), hidden},
}

// Hide gives text without what looks like a password, a token or a key.
func Hide(text string) string {
	for _, s := range secrets {
		text = s.find.ReplaceAllString(text, s.put)
	}
	return text
}
