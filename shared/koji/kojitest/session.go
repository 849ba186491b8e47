package kojitest

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"github.com/distaff-project/distaff/shared/koji"
)

type session struct {
	id      int64
	key     string
	user    *user
	expired bool
}

// identify finds the session a request carries. No session is nobody. The texts
// are those of kojihub/auth.py.
func (s *Server) identify(r *http.Request) (*session, *koji.Fault) {
	text, key := r.Header.Get("Koji-Session-Id"), r.Header.Get("Koji-Session-Key")
	if text == "" && key == "" {
		query := r.URL.Query()
		if len(query) == 0 {
			return nil, nil
		}
		text, key = query.Get("session-id"), query.Get("session-key")
		if text == "" {
			return nil, fault(koji.FaultAuth, "session-id not specified in session args")
		}
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fault(koji.FaultAuth, "Invalid session or bad credentials")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.sessions[id]
	switch {
	case found == nil || found.key != key:
		return nil, fault(koji.FaultAuth, "Invalid session or bad credentials")
	case found.expired:
		return nil, fault(koji.FaultAuthExpired, "session %q has expired", text)
	}
	return found, nil
}

// ExpireSessions lets every session run out, as they do after a day.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		session.expired = true
	}
}

// Sessions is how many logins have not been ended.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *Server) newSession(u *user) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	made := &session{id: s.lastID, key: strconv.FormatInt(u.id, 10) + "-" + rand.Text(), user: u}
	s.sessions[made.id] = made
	return map[string]any{"session-id": made.id, "session-key": made.key, "header-auth": true}
}

func login(c *call) (any, *koji.Fault) {
	name, _ := c.arg("user").(string)
	password, _ := c.arg("password").(string)
	if c.session != nil {
		return nil, fault(koji.FaultAuth, "Already logged in")
	}
	for _, u := range c.server.users {
		if u.name == name && u.password == password && password != "" {
			return c.server.newSession(u), nil
		}
	}
	return nil, fault(koji.FaultAuth, "invalid username or password")
}

// sslLogin takes the name from the certificate the connection was made with. It
// works on its own address only, where Koji's web server asks for one.
func sslLogin(c *call) (any, *koji.Fault) {
	if c.session != nil {
		return nil, fault(koji.FaultAuth, "Already logged in")
	}
	tls := c.request.TLS
	if tls == nil || len(tls.VerifiedChains) == 0 || c.request.URL.Path != "/kojihub/ssllogin" {
		return nil, fault(koji.FaultAuth, "could not verify client: NONE")
	}
	name := tls.PeerCertificates[0].Subject.CommonName
	for _, u := range c.server.users {
		if u.name == name {
			return c.server.newSession(u), nil
		}
	}
	return nil, fault(koji.FaultAuth, "Unknown user: %s", name)
}

func logout(c *call) (any, *koji.Fault) {
	if c.session == nil {
		return nil, fault(koji.FaultAuth, "Not logged in")
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.sessions, c.session.id)
	return nil, nil
}

func getLoggedInUser(c *call) (any, *koji.Fault) {
	if c.session == nil {
		return nil, nil
	}
	return map[string]any{
		"id": c.session.user.id, "name": c.session.user.name, "status": 0, "usertype": 0,
		"krb_principal": nil, "krb_principals": []any{}, "authtype": 0,
	}, nil
}
