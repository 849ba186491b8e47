package login

import (
	"errors"
	"strings"
)

// parseXFCC reads x-forwarded-client-cert: for each proxy, oldest first, its
// keys in lower case. The form is Envoy's
// (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert):
// elements between commas, key=value between semicolons, values that hold one
// of those in double quotes. A backslash keeps a quote from ending the value
// and stays in it: Envoy writes the subject as RFC 2253 has escaped it.
//
// URI and DNS may come several times; the others may not, or the second would
// be a way around who reads the first.
func parseXFCC(value string) ([]map[string]string, error) {
	if len(value) > passedMost {
		return nil, errors.New("too long")
	}
	var elements []map[string]string
	element := map[string]string{}
	for {
		key, rest, ok := strings.Cut(value, "=")
		key = strings.ToLower(strings.TrimLeft(key, " "))
		if !ok || !xfccKey(key) {
			return nil, errors.New("no key=value")
		}
		text, rest, err := xfccValue(rest)
		if err != nil {
			return nil, err
		}
		if _, twice := element[key]; twice && key != "uri" && key != "dns" {
			return nil, errors.New("the key " + key + " comes twice")
		}
		element[key] = text
		if rest == "" {
			return append(elements, element), nil
		}
		if rest[0] == ',' {
			elements, element = append(elements, element), map[string]string{}
		}
		value = rest[1:]
	}
}

func xfccKey(key string) bool {
	switch key {
	case "by", "hash", "cert", "chain", "subject", "uri", "dns":
		return true
	}
	return false
}

// xfccValue reads a value and gives what follows it: nothing, or a comma or
// semicolon and more.
func xfccValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ",;")
		if end < 0 {
			end = len(s)
		}
		if strings.Contains(s[:end], `"`) {
			return "", "", errors.New("a quote within a value")
		}
		return s[:end], s[end:], nil
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++ // whatever comes next does not end the value
		case '"':
			value, rest = s[1:i], s[i+1:]
			if rest != "" && rest[0] != ',' && rest[0] != ';' {
				return "", "", errors.New("a value goes on after its quotes")
			}
			return value, rest, nil
		}
	}
	return "", "", errors.New("quotes are not closed")
}
