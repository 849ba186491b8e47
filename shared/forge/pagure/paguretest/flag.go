package paguretest

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/forge"
)

// Flag is a flag of a commit.
type Flag struct {
	UID, Name, Status string
	Comment, URL      string
	Percent           int
	User              string
	Commit            string
}

type flag struct {
	Flag
	Project          string
	Created, Updated string
}

var webAddress = regexp.MustCompile(`(?i)^https?://[^\s/]+(/.*)?$`)

// flags answers calls about the flags of a commit.
func (s *Server) flags(ctx context.Context, c call) (object, *apiError) {
	commit := c.rest[1]
	if forge.CheckCommit(commit) != nil {
		return nil, refuse("ENOCOMMIT")
	}
	if c.Method == http.MethodPost {
		return s.addFlag(ctx, c, commit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []object{}
	for _, f := range s.state.Flags[commit] {
		list = append(list, s.flagJSON(f))
	}
	return object{"flags": list, "total_flags": len(list)}, nil
}

// addFlag adds a flag to a commit or, where it has one with that uid, changes
// all of it but its name.
func (s *Server) addFlag(ctx context.Context, c call, commit string) (object, *apiError) {
	if kind := c.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/x-www-form-urlencoded") && !strings.HasPrefix(kind, "multipart/form-data") {
		return nil, required("username") // of JSON Pagure sees no field at all
	}
	given, refusal := readFlag(c)
	if refusal != nil {
		return nil, refusal
	}
	given.Commit, given.User = commit, c.user
	s.mu.Lock()
	action, now := "updated", s.now()
	at := slices.IndexFunc(s.state.Flags[commit], func(f *flag) bool { return f.UID == given.UID && given.UID != "" })
	var f *flag
	if at >= 0 {
		f = s.state.Flags[commit][at]
		given.Name, given.User = f.Name, f.User
	} else {
		if given.UID == "" {
			given.UID = strings.ReplaceAll(newID(), "-", "")
		}
		action, f = "added", &flag{Project: c.project, Created: now}
		s.state.Flags[commit] = append(s.state.Flags[commit], f)
	}
	f.Flag, f.Updated = given, now
	s.posts[f.UID]++
	answer := object{"flag": s.flagJSON(f), "message": "Flag " + action, "uid": f.UID}
	flagged := said{"commit.flag." + action, repoOf(c.project), object{"repo": s.projectJSON(c.project), "flag": s.flagJSON(f), "agent": c.user}}
	err := s.save()
	s.mu.Unlock()
	if err != nil {
		return nil, refuse("EDBERROR")
	}
	s.say(ctx, flagged)
	return answer, nil
}

func readFlag(c call) (Flag, *apiError) {
	f := Flag{
		Name: c.PostFormValue("username"), Comment: strings.TrimSpace(c.PostFormValue("comment")),
		URL: strings.TrimSpace(c.PostFormValue("url")), Status: c.PostFormValue("status"), UID: c.PostFormValue("uid"),
	}
	if f.Status == "" {
		f.Status = "success" // old callers sent a percentage only
	}
	for field, value := range map[string]string{"username": f.Name, "comment": f.Comment, "url": f.URL} {
		if value == "" {
			return f, required(field)
		}
	}
	switch {
	case !webAddress.MatchString(f.URL):
		return f, invalid("url", "Invalid input.")
	case !slices.Contains([]string{"success", "failure", "error", "pending", "canceled"}, f.Status):
		return f, invalid("status", "Not a valid choice")
	case len(f.UID) > 32:
		return f, refuse("EDBERROR") // the column has 32 characters
	}
	if text := strings.TrimSpace(c.PostFormValue("percent")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 100 {
			return f, invalid("percent", "Not a percentage")
		}
		f.Percent = n
	}
	return f, nil
}

func (s *Server) flagJSON(f *flag) object {
	var percent any
	if f.Percent > 0 {
		percent = fmt.Sprint(f.Percent)
	}
	return object{
		"username": f.Name, "comment": f.Comment, "url": f.URL, "status": f.Status, "percent": percent,
		"commit_hash": f.Commit, "date_created": f.Created, "date_updated": f.Updated, "user": s.userJSON(f.User),
	}
}

// Flags are the flags of a commit, in the order they were added.
func (s *Server) Flags(commit string) []Flag {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Flag
	for _, f := range s.state.Flags[commit] {
		list = append(list, f.Flag)
	}
	return list
}
