package config

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// hidden is what every way to print a Secret shows.
const hidden = "[hidden]"

// Secret is a value that is never printed, logged or marshalled by accident.
// The zero value is empty.
type Secret struct {
	// A closure, because fmt prints the unexported fields of a struct around
	// us without asking our methods.
	reveal func() []byte
}

// NewSecret hides a value.
func NewSecret(value []byte) Secret {
	value = bytes.Clone(value)
	return Secret{reveal: func() []byte { return value }}
}

// Bytes gives a copy of the value as it was found.
func (s Secret) Bytes() []byte {
	if s.reveal == nil {
		return nil
	}
	return bytes.Clone(s.reveal())
}

// Text gives the value without white space around it: a file ends in a newline.
func (s Secret) Text() string { return strings.TrimSpace(string(s.Bytes())) }

// Lines gives each line that has something in it.
func (s Secret) Lines() []string {
	var lines []string
	for line := range strings.Lines(string(s.Bytes())) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// String hides the value.
func (s Secret) String() string { return hidden }

// Format hides the value whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value in JSON, YAML and XML, and as a key.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
