// Package dead knows the dead letters: events that no function would take, kept
// with the reason until somebody replays or drops them.
//
// A letter's key says all that listing and counting need, so that ten thousand
// of them are counted in ten requests:
//
//	dead/<day>/<type>/<to>+<code>+<cause>/<subject>/<id>-<where>.json   the event
//	dead/<day>/+causes/<cause>.json        the first lines of an error, once a day
//	dead/<day>/fedmsg/<id>.json            a message of the bus nobody could read
//	dead/replayed/<what follows dead/ in the letter's key>   it was replayed
//	held/<trigger>/<time>-<hash>.json      an event that waits for a paused Trigger
//
// <to> is the function the event was for, or the Trigger; <cause> stands for an
// error without what is different each time; <where> tells apart the places one
// event failed at. Letters of before, dead/<day>/<type>/<id>-<where>.json, are
// read as well.
package dead

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

const (
	// Prefix is where dead letters lie.
	Prefix = "dead/"
	// MessageType stands in a key where letters have their type: what lies there
	// is no event, but a message of the bus nobody could read.
	MessageType = "fedmsg"
	// TriggerAttribute names the Trigger whose delivery failed, where the address
	// the letter came to told it.
	TriggerAttribute = "deadtrigger"

	causes   = "+causes" // no segment made of a type begins so
	replayed = Prefix + "replayed/"
	suffix   = ".json"
	joint    = "+"
)

// Store is the part of a bucket that dead letters are read from.
type Store interface {
	Get(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// Letter is what the key of a dead letter tells.
type Letter struct {
	Key string `json:"key"`
	// Message tells that it is a message of the bus and no event.
	Message bool   `json:"message,omitempty"`
	Type    string `json:"type"`
	// To is the function it was for, or the Trigger; empty where nobody knows.
	To string `json:"to,omitempty"`
	// Code is the HTTP status of the last answer; 0: there was none, or none was
	// told.
	Code int `json:"code,omitempty"`
	// Cause stands for the error, and is the same for all that failed alike.
	Cause   string `json:"cause,omitempty"`
	Subject string `json:"subject,omitempty"`
	ID      string `json:"id"`
	// Where tells apart the places one event failed at.
	Where string `json:"where,omitempty"`
	// Kept is when it was stored.
	Kept time.Time `json:"kept"`
	Size int64     `json:"size"` // bytes
	// Replayed tells that it was given to the broker again.
	Replayed bool `json:"replayed"`
}

// Key is where a letter about e is kept that failed in this way.
func Key(at time.Time, e event.Event, f Failure) string {
	group := blob.Segment(f.To) + joint + strconv.Itoa(f.Code) + joint + f.Cause()
	return Prefix + day(at) + "/" + blob.Segment(e.Type()) + "/" + group + "/" + blob.Segment(e.Subject()) + "/" +
		blob.Segment(e.ID()) + "-" + where(e, f) + suffix
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// where names who said an event and whom it could not be delivered to.
func where(e event.Event, f Failure) string {
	to := f.Address
	if to == "" {
		to = f.To
	}
	sum := sha256.Sum256([]byte(e.Source() + "\x00" + to))
	return hex.EncodeToString(sum[:4])
}

// ParseKey reads the key of a letter. That of a cause or of a mark is none.
func ParseKey(key string) (Letter, error) {
	l := Letter{Key: key}
	rest, ok := strings.CutPrefix(key, Prefix)
	name, ok2 := strings.CutSuffix(rest, suffix)
	parts := strings.Split(name, "/")
	if !ok || !ok2 || !isDay(parts[0]) {
		return l, fmt.Errorf("dead letter %.200q: not of the form dead/DAY/TYPE/…", key)
	}
	switch {
	case len(parts) == 3 && parts[1] == MessageType:
		l.Message, l.Type, l.ID = true, MessageType, text(parts[2])
		return l, nil
	case len(parts) == 3 && parts[1] != causes:
		l.Type = text(parts[1])
	case len(parts) == 5:
		group := strings.Split(parts[2], joint)
		if len(group) != 3 {
			return l, fmt.Errorf("dead letter %.200q: not of the form dead/DAY/TYPE/TO+CODE+CAUSE/…", key)
		}
		l.Type, l.To, l.Cause, l.Subject = text(parts[1]), text(group[0]), group[2], text(parts[3])
		l.Code, _ = strconv.Atoi(group[1])
	default:
		return l, fmt.Errorf("%.200q is no dead letter", key)
	}
	last := parts[len(parts)-1]
	cut := strings.LastIndexByte(last, '-')
	if cut < 0 {
		return l, fmt.Errorf("dead letter %.200q: not of the form …/ID-WHERE.json", key)
	}
	l.ID, l.Where = text(last[:cut]), last[cut+1:]
	return l, nil
}

// text is what a segment was made of, or the segment where it was cut.
func text(segment string) string {
	if whole, err := blob.Unsegment(segment); err == nil {
		return whole
	}
	return segment
}

// Is tells whether the letter is the one with this id or key.
func (l Letter) Is(name string) bool { return l.Key == name || same(l.ID, name) }

// same compares what a key tells with the whole text, which may be cut there.
func same(told, whole string) bool { return told == whole || told == blob.Segment(whole) }

// Day is the day the letter was kept, as its key has it.
func (l Letter) Day() string {
	d, _, _ := strings.Cut(strings.TrimPrefix(l.Key, Prefix), "/")
	return d
}
