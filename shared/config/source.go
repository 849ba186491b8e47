package config

import (
	"errors"
	"fmt"
	"io/fs"
)

// Source names the place of a value that is not in the file: an environment
// variable or a file. The zero value names none.
type Source struct {
	Env  string
	File string
	// at is where the configuration names it, or could have.
	at Problem
	// keys are what can be written there: "token_env or token_file".
	keys string
	// least is how many bytes the value has at least.
	least int
}

// IsZero tells that no place is named.
func (s Source) IsZero() bool { return s.Env == "" && s.File == "" }

// Secrets finds what Sources name and remembers what is missing, so that an
// operator hears of everything at once:
//
//	secrets := cfg.Secrets(os.LookupEnv, os.ReadFile)
//	token, key := secrets.Need(forge.Token), secrets.Of(forge.WebhookSecret)
//	if err := secrets.Err(); err != nil {
type Secrets struct {
	env      func(string) (string, bool)
	file     func(string) ([]byte, error)
	problems Problems
}

// Secrets looks for values with these two; nil finds nothing.
func (c *Config) Secrets(env func(string) (string, bool), file func(string) ([]byte, error)) *Secrets {
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
	if from.IsZero() {
		return Secret{}
	}
	value, problem := s.find(from)
	switch {
	case problem != "":
	case len(NewSecret(value).Text()) == 0:
		problem = fmt.Sprintf("%s is empty", from.place())
	case len(NewSecret(value).Text()) < from.least:
		problem = fmt.Sprintf("%s is too short; it needs %d characters or more", from.place(), from.least)
	default:
		return NewSecret(value)
	}
	at := from.at
	at.Text = problem
	s.problems = append(s.problems, at)
	return Secret{}
}

// Need is Of, but a place must be named.
func (s *Secrets) Need(from Source) Secret {
	if from.IsZero() {
		at := from.at
		at.Text = "is missing and needed here"
		if from.keys != "" {
			at.Text += ": set " + from.keys
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

func (s Source) place() string {
	if s.Env != "" {
		return "the variable " + s.Env
	}
	return "the file " + s.File
}
