package pagure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// Client asks one Pagure. It is safe for concurrent use.
type Client struct {
	config Config
	wire   *wire.Client
	pause  time.Duration
}

// New makes a client. token is an API token with the ACL commit_flag; without
// one, only Report fails. via says how calls are made (nil: wire's defaults)
// and is left as it was.
func New(config Config, token string, via *wire.Client) *Client {
	own := wire.Client{}
	if via != nil {
		own = *via
	}
	own.System = "pagure " + config.Name
	if token != "" {
		own.Authorize = func(r *http.Request) error {
			r.Header.Set("Authorization", "token "+token)
			return nil
		}
	}
	pause := own.Pause
	if pause == 0 {
		pause = time.Second
	}
	return &Client{config: config, wire: &own, pause: pause}
}

// get asks the API and decodes the answer. What is not JSON comes from a proxy
// before Pagure, whatever its code, and is as temporary as one of its 5xx.
func (c *Client) get(ctx context.Context, path string, out any) error {
	answer, err := c.page(ctx, "/api/0/"+path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return &wire.Error{
			System: c.wire.System, Method: http.MethodGet, URL: c.config.base() + "/api/0/" + path,
			Err: fmt.Errorf("the answer is not the JSON expected: %w", err),
		}
	}
	return nil
}

// page asks for anything below the instance's address.
func (c *Client) page(ctx context.Context, path string) (*wire.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.base()+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.wire.System, err)
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5")
	return c.wire.Do(req)
}

// post sends a form. Pagure takes no JSON.
func (c *Client) post(ctx context.Context, path string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.base()+"/api/0/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("%s: %w", c.wire.System, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	_, err = c.wire.Do(req)
	return err
}

// refused tells whether err is Pagure's own refusal with that error code
// (ENOPRSTATS), and not one of a proxy before it.
func refused(err error, code string) bool {
	var e *wire.Error
	return errors.As(err, &e) && strings.Contains(e.Body, `"`+code+`"`)
}
