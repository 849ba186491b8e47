package bodhi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/wire"
)

const (
	rowsPerPage = 1000 // the most Bodhi gives; there were 160 releases in 2025
	mostPages   = 20
)

// Client asks one Bodhi. It is safe for concurrent use.
type Client struct {
	address string
	wire    *wire.Client
}

// New makes a client of the Bodhi at address (https://bodhi.fedoraproject.org).
// via says how calls are made (nil: wire's defaults) and is left as it was.
func New(address string, via *wire.Client) *Client {
	own := wire.Client{}
	if via != nil {
		own = *via
	}
	own.System = "bodhi"
	if own.Tries == 0 {
		own.Tries = 5 // the proxy before Bodhi answers 502 to 504 often
	}
	return &Client{address: strings.TrimSuffix(address, "/"), wire: &own}
}

// Releases lists all releases, archived ones too. They change a few times a
// year and Bodhi is slow: the caller keeps the answer, and an old answer is
// better than none.
func (c *Client) Releases(ctx context.Context) ([]Release, error) {
	var all []Release
	seen := map[string]bool{}
	for n := 1; n <= mostPages; n++ {
		p, err := c.page(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("list releases: %w", err)
		}
		for _, r := range p.Releases {
			if !seen[r.Name] { // a release made meanwhile shifts the others to the next page
				seen[r.Name] = true
				all = append(all, r)
			}
		}
		if n >= p.Pages {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list releases: there are more than %d pages", mostPages)
}

func (c *Client) page(ctx context.Context, n int) (page, error) {
	address := fmt.Sprintf("%s/releases/?rows_per_page=%d&page=%d", c.address, rowsPerPage, n)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Accept", "application/json") // else it answers HTML
	answer, err := c.wire.Do(req)
	if err != nil {
		return page{}, err
	}
	p, err := parsePage(answer.Body, n)
	if err != nil {
		// What is no list comes from a proxy, and may pass like one of its 5xx.
		return page{}, &wire.Error{System: c.wire.System, Method: http.MethodGet, URL: wire.Redact(req.URL), Err: err}
	}
	return p, nil
}
