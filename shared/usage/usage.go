// Package usage tells what running distaff takes: each instance of a function
// writes into the bucket how long it ran, with how much memory, what it dealt
// with and what it asked of the bucket.
//
// It costs one PUT for the life of an instance and one more for each ten
// minutes of it in which there was something to do; nothing is asked of the
// bucket on behalf of a single event. An instance that is killed (kill -9, out
// of memory, a node that is lost) takes with it what it had not written yet: at
// most ten minutes of work, and the idle time after it. So the sums are a little
// too low, never too high.
package usage

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Prefix is where pieces lie: usage/<day>/<service>/<instance>-<n>.json, the day
// being that (of UTC) in which the piece ends.
const Prefix = "usage/"

// Piece is a stretch of the life of one instance.
type Piece struct {
	// Service is its Knative Service, or the functions it runs.
	Service  string `json:"service"`
	Instance string `json:"instance"`
	// From and To are the stretch's; together the pieces of an instance are its
	// life from the start of the process until SIGTERM.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Memory is what the instance may use, in bytes, and Peak the most it did.
	// Where there is no limit, Memory is Peak.
	Memory int64 `json:"memory"`
	Peak   int64 `json:"peak,omitempty"`
	// CPUs is how many it may use; 0 is no limit. CPU is the seconds it did.
	CPUs float64 `json:"cpus,omitempty"`
	CPU  float64 `json:"cpu_seconds"`
	// Functions are what it worked, by the name of the function.
	Functions map[string]Work `json:"functions"`
}

// Work is what one function did.
type Work struct {
	// Events counts events and calls, Failed those of them that are to come
	// again or went to the dead letters, Cold those that had to wait for a start.
	Events int64 `json:"events"`
	Failed int64 `json:"failed,omitempty"`
	Cold   int64 `json:"cold,omitempty"`
	// Seconds is the time spent on them. It is more than the instance lived
	// where several were in hand at once.
	Seconds float64 `json:"seconds"`
	// Said counts the events sent.
	Said int64 `json:"said,omitempty"`
	// Requests to the bucket, and bytes put and got.
	Gets    int64 `json:"gets,omitempty"`
	Puts    int64 `json:"puts,omitempty"`
	Lists   int64 `json:"lists,omitempty"`
	Deletes int64 `json:"deletes,omitempty"`
	In      int64 `json:"bytes_put,omitempty"`
	Out     int64 `json:"bytes_got,omitempty"`
}

// Add gives both together.
func (w Work) Add(o Work) Work {
	return Work{
		Events: w.Events + o.Events, Failed: w.Failed + o.Failed, Cold: w.Cold + o.Cold, Seconds: w.Seconds + o.Seconds, Said: w.Said + o.Said,
		Gets: w.Gets + o.Gets, Puts: w.Puts + o.Puts, Lists: w.Lists + o.Lists, Deletes: w.Deletes + o.Deletes, In: w.In + o.In, Out: w.Out + o.Out,
	}
}

// Requests is the number of requests that cost money: DELETE does not.
func (w Work) Requests() int64 { return w.Gets + w.Puts + w.Lists }

// Seconds is how long the piece is: the time that is billed, idle or not.
func (p Piece) Seconds() float64 { return max(0, p.To.Sub(p.From).Seconds()) }

// GBSeconds is the memory it may use times how long it is. A GB is 2^30 bytes,
// as in the price lists of those who sell it.
func (p Piece) GBSeconds() float64 { return p.Seconds() * float64(p.Memory) / (1 << 30) }

// CPUSeconds is the processors it may use times how long it is; where there is
// no limit, what it did use.
func (p Piece) CPUSeconds() float64 {
	if p.CPUs > 0 {
		return p.Seconds() * p.CPUs
	}
	return p.CPU
}

// key is where the n-th piece lies.
func (p Piece) key(n int) string {
	return Prefix + p.To.UTC().Format(time.DateOnly) + "/" + blob.Segment(p.Service) + "/" + fmt.Sprintf("%s-%d.json", blob.Segment(p.Instance), n)
}

// pieceMost is the largest piece read, in bytes: a service of all functions has
// 8 KiB.
const pieceMost = 256 << 10

// Parse reads a piece. What makes no sense is an error, so that one broken
// object cannot spoil the sums.
func Parse(raw []byte) (Piece, error) {
	var p Piece
	if len(raw) > pieceMost {
		return p, fmt.Errorf("read usage: %d bytes are no piece", len(raw))
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Piece{}, fmt.Errorf("read usage: %w", err)
	}
	if p.Service == "" || strings.ContainsAny(p.Service, "\n\r") || p.Memory < 0 || p.CPUs < 0 || p.CPU < 0 || p.To.Before(p.From) || p.To.Sub(p.From) > 31*24*time.Hour {
		return Piece{}, fmt.Errorf("read usage of %.80q: from %s to %s with %d bytes makes no sense", p.Service, p.From, p.To, p.Memory)
	}
	for name, w := range p.Functions {
		if min(w.Events, w.Failed, w.Cold, w.Said, w.Gets, w.Puts, w.Lists, w.Deletes, w.In, w.Out) < 0 || w.Seconds < 0 {
			return Piece{}, fmt.Errorf("read usage of %.80q: less than nothing was done by %.80q", p.Service, name)
		}
	}
	return p, nil
}
