package kojitest

import (
	"fmt"
	"net/http"
	"path"
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
	files    []fileTrouble
	all      Trouble
	wait     time.Duration
}

// FileTrouble is something that goes wrong with a file that is fetched.
type FileTrouble int

// What can go wrong with a file.
const (
	NoFileTrouble FileTrouble = iota
	FileMissing               // 404
	FilesOffline              // 503
	RangeIgnored              // the whole file comes, with 200
	FileTruncated             // only its first half is there
	FileChanged               // a byte in its middle is another one
	SizeLied                  // Content-Range tells of more than there is
	ConnectionCut             // the connection breaks in the middle of the body
)

type fileTrouble struct {
	pattern string
	what    FileTrouble
	times   int
}

// SpoilFiles lets the next fetches of files go wrong whose path below the top
// matches a pattern, as of path.Match, or whose name does. Times below 0 is for
// ever; NoFileTrouble puts all right.
func (s *Server) SpoilFiles(pattern string, what FileTrouble, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what == NoFileTrouble {
		s.trouble.files = nil
		return
	}
	s.trouble.files = append(s.trouble.files, fileTrouble{pattern, what, times})
}

// SlowFiles lets every fetch of a file wait, as a distance does.
func (s *Server) SlowFiles(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.wait = delay
}

func (s *Server) fileTrouble(name string) FileTrouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.trouble.files {
		t := &s.trouble.files[i]
		whole, _ := path.Match(t.pattern, name)
		base, _ := path.Match(t.pattern, path.Base(name))
		if t.times != 0 && (whole || base) {
			t.times--
			return t.what
		}
	}
	return NoFileTrouble
}

// All lets every call go wrong, until it is told NoTrouble: the hub is down.
func (s *Server) All(what Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.all = what
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
		return s.trouble.all
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
	if !pause(r, delay) {
		return false
	}
	if what == BadGateway {
		http.Error(w, "Bad Gateway", http.StatusBadGateway)
		return false
	}
	return true
}

// pause waits, unless whoever asked gives up.
func pause(r *http.Request, delay time.Duration) bool {
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
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
