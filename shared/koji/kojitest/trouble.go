package kojitest

import (
	"fmt"
	"net/http"
	"time"
)

// Trouble is something that goes wrong with one call.
type Trouble int

// What can go wrong.
const (
	NoTrouble      Trouble = iota
	AnswerLost             // the call is done, then the connection breaks
	AnswerCut              // the call is done, half of the answer comes
	GatewayTimeout         // the call is done, the proxy says 504
	BadGateway             // nothing is done, the proxy says 502
	Offline                // fault 1014
	SessionExpired         // all sessions have run out: fault 1007
)

type troubles struct {
	next     map[string][]Trouble
	delay    time.Duration
	messages int
}

// Next lets the next calls of a method go wrong, one for each trouble.
func (s *Server) Next(method string, what ...Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble.next == nil {
		s.trouble.next = map[string][]Trouble{}
	}
	s.trouble.next[method] = append(s.trouble.next[method], what...)
}

// Slow lets every answer wait, or be given up by who asked.
func (s *Server) Slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.delay = delay
}

// LoseMessages lets the next messages of the bus be lost.
func (s *Server) LoseMessages(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.messages = n
}

func (s *Server) nextTrouble(method string) Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.trouble.next[method]
	if len(queue) == 0 {
		return NoTrouble
	}
	s.trouble.next[method] = queue[1:]
	return queue[0]
}

// before does what goes wrong ahead of a call. It reports whether the call is
// to be done at all.
func (s *Server) before(w http.ResponseWriter, r *http.Request, what Trouble) bool {
	s.mu.Lock()
	delay := s.trouble.delay
	s.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return false
		}
	}
	if what == BadGateway {
		http.Error(w, "Bad Gateway", http.StatusBadGateway)
		return false
	}
	return true
}

func (s *Server) after(w http.ResponseWriter, answer []byte, what Trouble) {
	switch what {
	case AnswerLost:
		panic(http.ErrAbortHandler)
	case GatewayTimeout:
		http.Error(w, "Gateway Timeout", http.StatusGatewayTimeout)
		return
	default:
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
	if what == AnswerCut {
		answer = answer[:len(answer)/2]
	}
	_, _ = w.Write(answer)
}
