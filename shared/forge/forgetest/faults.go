// Package forgetest is what the stand-ins of forges have in common: calls that
// fail in the ways real ones do, and web hooks that are delivered, lost or
// doubled.
package forgetest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// How a call fails.
type How int

// The ways.
const (
	// ErrorPage: nothing is done and the answer is a page of HTML.
	ErrorPage How = iota
	// LostAnswer: it is done, and then the connection breaks.
	LostAnswer
	// Hang: nothing is done and there is no answer until the caller gives up.
	Hang
)

// Fault is a call that will fail.
type Fault struct {
	// Method and Path tell which: empty is any, Path is any part of the path.
	Method, Path string
	How          How
	// Code is the status of an ErrorPage; 0 is 500.
	Code int
	// Times is how often; 0 is once.
	Times int
}

// Faults are the calls that will fail. The zero value has none.
type Faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Add adds one.
func (f *Faults) Add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault.Times = max(fault.Times, 1)
	f.list = append(f.list, &fault)
}

// Clear forgets those that are left.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

func (f *Faults) take(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.list {
		if fault.Times > 0 && (fault.Method == "" || fault.Method == r.Method) && strings.Contains(r.URL.Path, fault.Path) {
			fault.Times--
			return *fault, true
		}
	}
	return Fault{}, false
}

// Before serves with next, but for the calls that are to fail.
func (f *Faults) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, ok := f.take(r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		switch fault.How {
		case LostAnswer:
			next.ServeHTTP(&lost{header: http.Header{}}, r)
			panic(http.ErrAbortHandler) // net/http's way to cut the connection
		case Hang:
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		default:
			if fault.Code == 0 {
				fault.Code = http.StatusInternalServerError
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(fault.Code)
			_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>%s</title></head><body>Fatal Error (500)</body></html>\n", http.StatusText(fault.Code))
		}
	})
}

// lost takes an answer that nobody gets.
type lost struct {
	header http.Header
	body   bytes.Buffer
}

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(p []byte) (int, error) { return l.body.Write(p) }
func (l *lost) WriteHeader(int)             {}
