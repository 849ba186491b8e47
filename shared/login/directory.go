package login

import (
	"context"
	"errors"
	"time"
)

// directoryAge is how long groups hold where the configuration says nothing.
const directoryAge = 5 * time.Minute

// NewDirectory gives the directories of c as one, or nil without any.
func NewDirectory(c Config, tools Tools) (Directory, error) {
	var all directories
	var problems []error
	add := func(d Directory, age time.Duration, err error) {
		if err != nil {
			problems = append(problems, err)
			return
		}
		if age == 0 {
			age = directoryAge
		}
		all = append(all, remembered{Directory: d, age: age, memo: newMemo[[]string](tools.Now)})
	}
	if c.LDAP != nil {
		d, err := newLDAP(*c.LDAP)
		add(d, c.LDAP.Remember, err)
	}
	if c.FAS != nil {
		d, err := newFAS(*c.FAS, tools)
		add(d, c.FAS.Remember, err)
	}
	if len(all) == 0 {
		return nil, errors.Join(problems...)
	}
	return all, errors.Join(problems...)
}

// directories adds up the groups of several.
type directories []Directory

// Groups gives those that could be read, and why the others could not.
func (all directories) Groups(ctx context.Context, user string) ([]string, error) {
	var groups []string
	var failed []error
	for _, d := range all {
		some, err := d.Groups(ctx, user)
		groups = append(groups, some...)
		if err != nil {
			failed = append(failed, err)
		}
	}
	return groups, errors.Join(failed...)
}

// remembered asks a directory once in a while about each user.
type remembered struct {
	Directory
	age  time.Duration
	memo *memo[[]string]
}

// Groups gives what is remembered, or asks.
func (r remembered) Groups(ctx context.Context, user string) ([]string, error) {
	if groups, ok := r.memo.get(user); ok {
		return groups, nil
	}
	groups, err := r.Directory.Groups(ctx, user)
	if err == nil {
		r.memo.put(user, groups, r.memo.now().Add(r.age))
	}
	return groups, err
}
