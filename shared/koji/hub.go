// Package koji asks a Koji hub to build packages, finds out what became of the
// builds — their tasks, their logs, and why one failed — and tells what a tag
// holds: builds, packages, signatures, checksums, and where the files lie.
package koji

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// Config names one Koji and says how to reach it.
type Config struct {
	// Name is the instance as the configuration calls it: "fedora".
	Name string
	// Server is the hub: https://koji.fedoraproject.org/kojihub.
	Server string
	// Web is the site for people: https://koji.fedoraproject.org/koji.
	Web string
	// Files is where the hub's files are served: https://kojipkgs.fedoraproject.org.
	Files string
	// Credential logs in. The zero value asks without a name, which is enough
	// for reading.
	Credential Credential
	// HTTP does the round trips. Nil means a client of its own that gives up
	// after 2 minutes. It must not have a client certificate of its own: that
	// belongs in Credential.
	HTTP *http.Client
	// Limit is the largest answer read, in bytes. Zero means 256 MiB: a whole
	// Fedora tag with its packages is about 150.
	Limit int64
	// Pause is the wait before a question is asked a second time, doubled
	// each time. Zero means 200 ms.
	Pause time.Duration
}

// Hub is one Koji. It is safe for concurrent use; calls run in parallel on one
// session, because that is sent without a call number.
type Hub struct {
	config Config
	server *url.URL
	http   *http.Client
	login  chan struct{} // holds a token while somebody logs in
	state  sessionState
}

// New makes a Hub. It does not talk to it yet.
func New(config Config) (*Hub, error) {
	if config.Name == "" {
		config.Name = "unnamed"
	}
	server, err := url.Parse(config.Server)
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") {
		return nil, fmt.Errorf("koji %s: %q is no address of a hub", config.Name, config.Server)
	}
	if server.RawQuery != "" || server.User != nil || server.Fragment != "" {
		return nil, fmt.Errorf("koji %s: the address of the hub has more than a path", config.Name)
	}
	for _, address := range []string{config.Web, config.Files} {
		if u, err := url.Parse(address); err != nil || (address != "" && u.Host == "") {
			return nil, fmt.Errorf("koji %s: %q is no web address", config.Name, address)
		}
	}
	server.Path = strings.TrimSuffix(server.Path, "/")
	config.Web = strings.TrimSuffix(config.Web, "/")
	config.Files = strings.TrimSuffix(config.Files, "/")
	if config.Limit == 0 {
		config.Limit = 256 << 20
	}
	if config.Pause == 0 {
		config.Pause = 200 * time.Millisecond
	}
	client := config.HTTP
	if client == nil {
		client = &http.Client{Timeout: 2 * time.Minute}
	}
	return &Hub{config: config, server: server, http: client, login: make(chan struct{}, 1)}, nil
}

// Name is the instance as the configuration calls it.
func (h *Hub) Name() string { return h.config.Name }

// String names the Koji in errors and logs, and nothing else of it.
func (h *Hub) String() string { return "koji " + h.config.Name }

// GoString keeps a session's key out of %#v.
func (h *Hub) GoString() string { return h.String() }

// Whoami tells who the hub takes us for. Not being logged in is a User without
// a name.
func (h *Hub) Whoami(ctx context.Context) (User, error) {
	var user User
	err := h.ask(ctx, "getLoggedInUser", nil, func(r *xmlrpc.Reader) { user = readUser(r) })
	return user, err
}

// User is an account of the hub.
type User struct {
	ID   int64
	Name string
}

func readUser(r *xmlrpc.Reader) User {
	var u User
	for name := range r.Members() {
		switch name {
		case "id":
			u.ID = r.Int()
		case "name":
			u.Name = r.Text()
		}
	}
	return u
}

// Target says which tag a build gets its packages from and which it goes to.
type Target struct {
	ID                int64
	Name              string
	BuildTag, DestTag string
}

// Target looks a build target up. The answer is false if the hub has none of
// that name: it would still take a build for it, which then fails.
func (h *Hub) Target(ctx context.Context, name string) (Target, bool, error) {
	var t Target
	found := false
	err := h.ask(ctx, "getBuildTarget", []any{name}, func(r *xmlrpc.Reader) {
		if r.Nil() {
			return
		}
		found = true
		for member := range r.Members() {
			switch member {
			case "id":
				t.ID = r.Int()
			case "name":
				t.Name = r.Text()
			case "build_tag_name":
				t.BuildTag = r.Text()
			case "dest_tag_name":
				t.DestTag = r.Text()
			}
		}
	})
	if err != nil {
		return Target{}, false, err
	}
	return t, found, nil
}
