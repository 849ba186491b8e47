package koji

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// session is what a login gave. It is sent without a call number: with one the
// hub runs the calls of a session one after another, and refuses those that
// overtake each other.
type session struct {
	id  int64
	key secret
}

// secret does not show itself when it is printed.
type secret string

func (secret) String() string   { return "(secret)" }
func (secret) GoString() string { return "(secret)" }

// Format covers every verb, so that %x does not tell either.
func (secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(secret)")) }

func (s session) sign(req *http.Request) {
	if s.key == "" {
		return
	}
	req.Header.Set("Koji-Session-Id", strconv.FormatInt(s.id, 10))
	req.Header.Set("Koji-Session-Key", string(s.key))
}

type sessionState struct {
	mu  sync.Mutex
	now session
	me  User
}

func (s *sessionState) get() session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *sessionState) set(now session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// session gives the session to use. If stale is the one we hold, a new one is
// made; however many calls ask at once, there is one login.
func (h *Hub) session(ctx context.Context, stale session) (session, error) {
	if s := h.state.get(); s != stale {
		return s, nil
	}
	select {
	case h.login <- struct{}{}:
		defer func() { <-h.login }()
	case <-ctx.Done():
		return session{}, ctx.Err()
	}
	if s := h.state.get(); s != stale {
		return s, nil
	}
	s, err := h.config.Credential.login(ctx, h)
	if err != nil {
		return session{}, fmt.Errorf("log in with %s: %w", h.config.Credential.kind, known(err))
	}
	h.state.set(s)
	return s, nil
}

// Logout ends the session, if there is one. Later calls log in again.
func (h *Hub) Logout(ctx context.Context) error {
	s := h.state.get()
	if s.key == "" {
		return nil
	}
	h.state.set(session{})
	err := h.send(ctx, h.http, h.server.String(), s, "logout", nil, func(*xmlrpc.Reader) {})
	if code := faultCode(err); code == FaultAuth || code == FaultAuthExpired {
		return nil // it had ended by itself
	}
	if err != nil {
		return fmt.Errorf("%s: log out: %w", h, err)
	}
	return nil
}

// me is our own account, asked for once.
func (h *Hub) me(ctx context.Context) (User, error) {
	h.state.mu.Lock()
	known := h.state.me
	h.state.mu.Unlock()
	if known.Name != "" {
		return known, nil
	}
	user, err := h.Whoami(ctx)
	if err != nil {
		return User{}, err
	}
	if user.Name == "" {
		return User{}, fmt.Errorf("%s: not logged in", h)
	}
	h.state.mu.Lock()
	h.state.me = user
	h.state.mu.Unlock()
	return user, nil
}

// readSession reads what a login answers. A hub before 1.30 wants the session
// in the address, where proxies log it: that is refused.
func readSession(r *xmlrpc.Reader) session {
	var s session
	headers := false
	for name := range r.Members() {
		switch name {
		case "session-id":
			s.id = r.Int()
		case "session-key":
			s.key = secret(r.Text())
		case "header-auth":
			headers = r.Bool()
		}
	}
	switch {
	case s.key == "" && r.Err() == nil:
		r.Fail(fmt.Errorf("the hub gave no session"))
	case !headers && r.Err() == nil:
		r.Fail(fmt.Errorf("the hub is older than 1.30 and takes a session only in the address"))
	}
	return s
}
