package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"github.com/distaff-project/distaff/shared/wire"
)

// fasGroups asks FASJSON (https://github.com/fedora-infra/fasjson), the way to
// Fedora's accounts.
type fasGroups struct {
	config FAS
	wire   *wire.Client
}

// fasLimit bounds an answer: a group has some 100 bytes.
const fasLimit = 1 << 20

func newFAS(c FAS, tools Tools) (*fasGroups, error) {
	var problems []error
	if err := checkURL(c.URL); err != nil {
		problems = append(problems, fmt.Errorf("fas: url: %w", err))
	}
	d := &fasGroups{config: c, wire: &wire.Client{System: "FASJSON", HTTP: tools.client(), Limit: fasLimit, Tries: 2}}
	switch {
	case (c.Keytab == nil) == (c.Token == nil):
		problems = append(problems, errors.New("fas: keytab and token: set one of them"))
	case c.Keytab != nil:
		authorize, err := ticketFor(c)
		if err != nil {
			problems = append(problems, fmt.Errorf("fas: %w", err))
		}
		d.wire.Authorize = authorize
	default:
		d.wire.Authorize = func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(c.Token())))
			return nil
		}
	}
	return d, errors.Join(problems...)
}

// ticketFor gives what adds a Kerberos ticket to a request.
func ticketFor(c FAS) (func(*http.Request) error, error) {
	keys := keytab.New()
	if unmarshalKeytab(keys, c.Keytab()) != nil {
		return nil, errors.New("keytab: is damaged")
	}
	if c.Principal == "" || c.Realm == "" {
		return nil, errors.New("principal and realm: are both needed with a keytab")
	}
	conf, err := config.NewFromString(c.KRB5Conf)
	if err != nil {
		return nil, fmt.Errorf("krb5.conf: %w", err)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("url: is no address")
	}
	kerberos := client.NewWithKeytab(c.Principal, c.Realm, keys, conf, client.DisablePAFXFAST(true))
	return func(r *http.Request) error {
		// It logs in by itself when it has no ticket, or an old one.
		return spnego.SetSPNEGOHeader(kerberos, r, "HTTP/"+u.Hostname())
	}, nil
}

// Groups gives the groups of a user, page by page. A user that Fedora does not
// know has none.
func (d *fasGroups) Groups(ctx context.Context, user string) ([]string, error) {
	const perPage, pages = 1000, 20
	var groups []string
	for page := 1; page <= pages; page++ {
		address := fmt.Sprintf("%s/v1/users/%s/groups/?page_number=%d&page_size=%d",
			strings.TrimSuffix(d.config.URL, "/"), url.PathEscape(user), page, perPage)
		var answer struct {
			Result []struct {
				Name string `json:"groupname"`
			} `json:"result"`
			Page struct {
				Total int `json:"total_pages"`
			} `json:"page"`
		}
		err := d.wire.JSON(ctx, http.MethodGet, address, nil, &answer)
		if wire.Code(err) == http.StatusNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("get groups of %s: %w", user, silent(err))
		}
		for _, group := range answer.Result {
			if goodName(group.Name) {
				groups = append(groups, group.Name)
			}
		}
		if page >= answer.Page.Total {
			return groups, nil
		}
	}
	return nil, fmt.Errorf("get groups of %s: more than %d", user, perPage*pages)
}
