package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/wire"
)

// Client asks one GitHub. It is safe for concurrent use.
type Client struct {
	config Config
	wire   *wire.Client
	api    *github.Client // without credentials
	app    *app           // nil: token or nothing
	token  string
	now    func() time.Time
}

// New makes a client. via says how calls are made (nil: wire's defaults) and
// is left as it was.
func New(config Config, login Credential, now func() time.Time, via *wire.Client) (*Client, error) {
	own := wire.Client{}
	if via != nil {
		own = *via
	}
	own.System = "github " + config.Name
	c := &Client{config: config, wire: &own, token: login.Token, now: now}
	c.api = github.NewClient(&http.Client{Transport: transport{&own}})
	base, err := url.Parse(config.api())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", own.System, err)
	}
	c.api.BaseURL = base
	c.api.UserAgent = "distaff"
	if login.App != 0 {
		if c.app, err = newApp(login.App, login.Key, now); err != nil {
			return nil, fmt.Errorf("%s: %w", own.System, err)
		}
	}
	return c, nil
}

// as gives the client with which a repository is spoken of.
func (c *Client) as(ctx context.Context, repo string) (*github.Client, error) {
	if c.app != nil {
		name, rest := owner(repo)
		token, err := c.app.token(ctx, c.api, name, rest)
		if err != nil {
			return nil, c.trouble(err)
		}
		return c.api.WithAuthToken(token), nil
	}
	if c.token != "" {
		return c.api.WithAuthToken(c.token), nil
	}
	return c.api, nil
}

// done makes a caller's error of go-github's.
func (c *Client) done(repo string, err error) error {
	if err != nil && c.app != nil {
		name, _ := owner(repo)
		c.app.forget(name, err)
	}
	return c.trouble(err)
}
