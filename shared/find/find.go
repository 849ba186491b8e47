// Package find says which run of which pull request a commit or a Koji task
// belongs to, and which runs ended last.
//
// It is an index of empty objects whose names say everything, so that one
// listing answers a question however long the history is:
//
//	find/commit/<sha>/<document>+<run>
//	find/task/<id>/<document>+<run>
//	find/over/<time, the newest first>/<state>/<verdict>/<document>+<run>
//
// They are written along with the pull request's document, three for each run
// with a build. Losing them loses no more than the finding; they are kept as
// long as the pages of runs.
package find

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

const (
	// Prefix is where the index lies.
	Prefix = "find/"

	commits = Prefix + "commit/"
	tasks   = Prefix + "task/"
	overs   = Prefix + "over/"

	// joint stands between document and run: it is in no segment made of a text,
	// so no key begins with another and a slash.
	joint = "+"
	// farFuture, in Unix seconds, less a time sorts the newest first.
	farFuture = 9_999_999_999
	// verdictMost is how much of a verdict is kept, in bytes: its segment must
	// not be cut, or it could not be read back.
	verdictMost = 100
)

// CommitLeast is the fewest digits a commit is looked for by: as many as Git
// shows.
const CommitLeast = 7

// Run is one run of a pull request.
type Run struct {
	PullRequest event.PullRequestID
	Number      int
}

// String gives the form people write: fedora/rpms/bash#12/3.
func (r Run) String() string { return r.PullRequest.String() + "/" + strconv.Itoa(r.Number) }

// Over is a run that is over.
type Over struct {
	Run
	At      time.Time // to the second
	State   string
	Verdict string // its first hundred bytes
}

// CommitKey is where it is kept that a run checks a commit; empty if that cannot
// be said in a key, or the text is no commit.
func CommitKey(sha string, r Run) string {
	if !hex(sha) || len(sha) < CommitLeast {
		return ""
	}
	return key(commits+sha, r)
}

// TaskKey is where it is kept that a run has a task in Koji; empty if that
// cannot be said in a key.
func TaskKey(id string, r Run) string {
	if !digits(id) {
		return ""
	}
	return key(tasks+id, r)
}

// OverKey is where it is kept that a run is over; empty if that cannot be said
// in a key.
func OverKey(o Over) string {
	at := fmt.Sprintf("%010d", farFuture-min(max(o.At.Unix(), 0), farFuture))
	verdict := blob.Segment(first(o.Verdict, verdictMost))
	for most := verdictMost; strings.Contains(verdict, "~~"); most /= 2 {
		verdict = blob.Segment(first(o.Verdict, most/2))
	}
	return key(overs+at+"/"+blob.Segment(o.State)+"/"+verdict, o.Run)
}

func key(front string, r Run) string {
	k := front + "/" + r.PullRequest.Document() + joint + strconv.Itoa(r.Number)
	if blob.CheckKey(k) != nil || r.Number < 1 {
		return ""
	}
	return k
}

// run reads <document>+<number>.
func run(text string) (Run, error) {
	document, number, _ := strings.Cut(text, joint)
	id, err := event.ParseDocument(document)
	if err != nil {
		return Run{}, err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || strconv.Itoa(n) != number {
		return Run{}, fmt.Errorf("run %.80q: not of the form DOCUMENT+NUMBER", text)
	}
	return Run{id, n}, nil
}

// ParseOver reads what OverKey writes.
func ParseOver(k string) (Over, error) {
	rest, ok := strings.CutPrefix(k, overs)
	parts := strings.SplitN(rest, "/", 4)
	if !ok || len(parts) != 4 || len(parts[0]) != 10 || !digits(parts[0]) {
		return Over{}, fmt.Errorf("%.200q is not of the form %sTIME/STATE/VERDICT/RUN", k, overs)
	}
	var o Over
	left, err := strconv.ParseInt(parts[0], 10, 64)
	if err == nil {
		o.State, err = blob.Unsegment(parts[1])
	}
	if err == nil {
		o.Verdict, err = blob.Unsegment(parts[2])
	}
	if err == nil {
		o.Run, err = run(parts[3])
	}
	if err != nil {
		return Over{}, fmt.Errorf("read %.200q: %w", k, err)
	}
	o.At = time.Unix(farFuture-left, 0).UTC()
	return o, nil
}

// first gives at most so many bytes of a text, and no half character.
func first(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

func hex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(text) > 0 && len(text) <= 64
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) <= 19
}
