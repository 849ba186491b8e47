package dead

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// causeText is how much of an error is kept as its cause, in bytes, and how
// many lines.
const (
	causeText  = 1000
	causeLines = 5
)

// Description is what a cause stands for: the error of the first letter of a day
// that had it.
type Description struct {
	To   string    `json:"to,omitempty"`
	Code int       `json:"code,omitempty"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// CauseKey is where the description of a cause of a day lies.
func CauseKey(day, cause string) string {
	return Prefix + day + "/" + causes + "/" + cause + suffix
}

// Cause stands for the failure without what is different each time: ids,
// labels, numbers, times. So what failed for one reason counts as one group.
func (f Failure) Cause() string {
	sum := sha256.Sum256([]byte(f.To + "\x00" + strconv.Itoa(f.Code) + "\x00" + alike(f.Line())))
	return hex.EncodeToString(sum[:5])
}

// Describe gives the first lines of the failure.
func (f Failure) Describe(at time.Time) Description {
	d := Description{To: f.To, Code: f.Code, At: at.UTC(), Text: f.Line()}
	if f.Text != "" {
		lines := strings.SplitN(strings.TrimSpace(f.Text), "\n", causeLines+1)
		d.Text = strings.Join(lines[:min(len(lines), causeLines)], "\n")
	}
	if len(d.Text) > causeText {
		d.Text = strings.ToValidUTF8(d.Text[:causeText], "") + "…"
	}
	return d
}

// alike makes one text of errors that differ in names and numbers only. HTTP
// statuses stay: 403 and 502 are two causes.
func alike(line string) string {
	words := strings.Fields(line)
	for i, word := range words {
		bare := strings.Trim(word, `"'.,:;()[]{}<>`)
		scheme, rest, isURL := strings.Cut(bare, "://")
		switch {
		case isURL:
			host, _, _ := strings.Cut(rest, "/")
			host, _, _ = strings.Cut(host, ":") // a port of this machine
			words[i] = scheme + "://" + host
		case len(bare) == 3 && strings.Trim(bare, "0123456789") == "" && bare[0] >= '1' && bare[0] <= '5':
			words[i] = bare
		case strings.ContainsAny(bare, "0123456789/@#"):
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}
