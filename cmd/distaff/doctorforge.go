package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/wire"
)

// putThere is to be done about a secret that is missing.
const putThere = "put it where the configuration says; functions read it at their next start"

const forgeMeans = "statuses are not shown: pull requests look as if nothing happened; they are shown later, as far as their runs are kept"

// forge looks whether a token is good, whose it is, what it may and how long.
func (d *doctor) forge(ctx context.Context, name string, c config.Forge) finding {
	f := finding{What: "forge " + name, Level: good}
	token := config.NewSecrets(os.LookupEnv, os.ReadFile).Of(c.Token).Text()
	if c.App != nil && token == "" {
		answer, err := d.ask(ctx, f.What, http.MethodGet, githubAPI(c.URL)+"/meta", nil)
		switch {
		case err != nil:
			f.unreachable(err, forgeMeans)
		case answer.Code >= 500:
			f.unreachable(fmt.Errorf("answers %d", answer.Code), forgeMeans)
		default:
			f.Text = fmt.Sprintf("answers; logs in as the App %d for each repository it is installed in", c.App.ID)
		}
		return f
	}
	if token == "" {
		f.Level, f.Text, f.Means, f.Do = bad, "there is no token", forgeMeans, putThere
		return f
	}
	if c.Type == config.GitHub {
		return d.github(ctx, f, c, token)
	}
	answer, err := d.ask(ctx, f.What, http.MethodPost, strings.TrimSuffix(c.URL, "/")+"/api/0/-/whoami", map[string]string{"Authorization": "token " + token})
	if err != nil {
		f.unreachable(err, forgeMeans)
		return f
	}
	var who struct {
		Username string `json:"username"`
	}
	_ = json.Unmarshal(answer.Body, &who)
	f.judge(answer, who.Username, c.User, "make one with the ACL commit_flag at "+strings.TrimSuffix(c.URL, "/")+"/settings/token/new")
	return f
}

func (d *doctor) github(ctx context.Context, f finding, c config.Forge, token string) finding {
	answer, err := d.ask(ctx, f.What, http.MethodGet, githubAPI(c.URL)+"/user", map[string]string{"Authorization": "Bearer " + token, "Accept": "application/vnd.github+json"})
	if err != nil {
		f.unreachable(err, forgeMeans)
		return f
	}
	var who struct {
		Login string `json:"login"`
	}
	_ = json.Unmarshal(answer.Body, &who)
	f.judge(answer, who.Login, c.User, "make one that may write commit statuses (repo:status) at "+strings.TrimSuffix(cmp.Or(c.URL, "https://github.com"), "/")+"/settings/tokens")
	if f.Level != good {
		return f
	}
	if scopes := answer.Header.Get("X-OAuth-Scopes"); scopes != "" {
		f.Text += ", may " + scopes
		if !strings.Contains(scopes, "repo") {
			f.Level, f.Means, f.Do = bad, forgeMeans, "give the token the scope repo:status"
		}
	}
	// https://docs.github.com/en/rest/authentication: "2026-12-01 10:00:00 UTC"
	if end, err := time.Parse("2006-01-02 15:04:05 MST", answer.Header.Get("GitHub-Authentication-Token-Expiration")); err == nil {
		f.until(end, d.now(), "the token", forgeMeans)
	}
	return f
}

// judge says what an answer to "who am I" means.
func (f *finding) judge(answer *wire.Answer, user, want, do string) {
	switch {
	case answer.Code == http.StatusUnauthorized, answer.Code == http.StatusForbidden:
		f.Level, f.Text, f.Means = bad, fmt.Sprintf("the token is refused (%d): it is wrong, expired or withdrawn", answer.Code), forgeMeans
		f.Do = do + ", and put it where the configuration says; functions read it at their next start"
	case answer.Code == http.StatusNotFound:
		f.Level, f.Text = unknown, "answers; it cannot be asked about the token"
	case answer.Code >= 300:
		f.unreachable(fmt.Errorf("answers %d", answer.Code), forgeMeans)
	case want != "" && user != "" && want != user:
		f.Level, f.Text = bad, fmt.Sprintf("the token is %s's, and the configuration says %s", user, want)
		f.Means, f.Do = "our own comments and statuses would be heard as somebody else's", "set the forge's user to "+user+", or use the other token"
	default:
		f.Text = "the token is good, it is " + cmp.Or(user, "somebody") + "'s"
	}
}

func githubAPI(address string) string {
	address = strings.TrimSuffix(address, "/")
	if address == "" || address == "https://github.com" {
		return "https://api.github.com"
	}
	return address + "/api/v3"
}

// kojiVersion is the hub's, or nothing where it does not tell.
func (d *doctor) kojiVersion(ctx context.Context, server string) string {
	call, err := xmlrpc.Encode("getKojiVersion")
	if err != nil {
		return ""
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server, strings.NewReader(string(call)))
	if err != nil {
		return ""
	}
	req.Header.Set("Content-Type", "text/xml")
	answer, err := (&wire.Client{System: "koji", HTTP: d.http, Limit: 1 << 16}).Do(req)
	if err != nil {
		return ""
	}
	version := ""
	if err := xmlrpc.ReadReply(strings.NewReader(string(answer.Body)), 1<<16, func(r *xmlrpc.Reader) { version = r.Text() }); err != nil {
		return ""
	}
	return version
}
