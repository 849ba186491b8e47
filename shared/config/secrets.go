package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Secrets finds what Sources name and remembers what is missing, so that an
// operator hears of everything at once:
//
//	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
//	token, key := secrets.Need(forge.Token), secrets.Of(forge.WebhookSecret)
//	if err := secrets.Err(); err != nil {
type Secrets struct {
	env      func(string) (string, bool)
	file     func(string) ([]byte, error)
	problems Problems
}

// NewSecrets looks for values with these two; nil finds nothing.
func NewSecrets(env func(string) (string, bool), file func(string) ([]byte, error)) *Secrets {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	if file == nil {
		file = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	}
	return &Secrets{env: env, file: file}
}

// Of gives the value at a place; empty if none is named.
func (s *Secrets) Of(from Source) Secret {
	if s == nil || from.IsZero() {
		return Secret{}
	}
	value, problem := s.find(from)
	secret := NewSecret(value)
	switch {
	case problem != "":
	case secret.Text() == "":
		problem = from.place() + " is empty"
	case len(secret.Text()) < from.least:
		problem = fmt.Sprintf("%s is too short; it needs %d characters or more", from.place(), from.least)
	default:
		return secret
	}
	at := from.at
	at.Text = problem
	if !slices.Contains(s.problems, at) { // two may need the same
		s.problems = append(s.problems, at)
	}
	return Secret{}
}

// Need is Of, but a place must be named.
func (s *Secrets) Need(from Source) Secret {
	if s != nil && from.IsZero() {
		at := from.at
		at.Text = "is missing and needed here"
		if from.keys != "" {
			at.Text += "; set " + from.keys
		}
		s.problems = append(s.problems, at)
	}
	return s.Of(from)
}

// Err gives all that was missing as Problems, or nil.
func (s *Secrets) Err() error {
	if s == nil || len(s.problems) == 0 {
		return nil
	}
	s.problems.sort()
	return s.problems
}

func (s *Secrets) find(from Source) (value []byte, problem string) {
	if from.Env != "" {
		text, ok := s.env(from.Env)
		if !ok {
			return nil, fmt.Sprintf("the environment has no variable %s; set it, or name another place", from.Env)
		}
		return []byte(text), ""
	}
	value, err := s.file(from.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Sprintf("there is no file %s", from.File)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Sprintf("the file %s may not be read by this user", from.File)
	case err != nil:
		return nil, fmt.Sprintf("the file %s cannot be read: %v", from.File, err)
	}
	return value, ""
}
