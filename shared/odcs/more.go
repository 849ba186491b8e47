package odcs

import "github.com/distaff-project/distaff/shared/compose"

// More is what ODCS does not tell of a compose.
type More struct {
	// Described of Total packages are described so far, Packages there are, and
	// Bytes is the size of its metadata.
	Described int   `json:"described,omitempty"`
	Total     int   `json:"total,omitempty"`
	Packages  int   `json:"packages,omitempty"`
	Bytes     int64 `json:"bytes,omitempty"`
	// From is the compose it is a copy of, Leader the one it waits for, and Dir
	// the one whose directory it shares.
	From   int64 `json:"from,omitempty"`
	Leader int64 `json:"leader,omitempty"`
	Dir    int64 `json:"dir,omitempty"`
	// Missing are RPMs that Koji has no more, or has signed anew.
	Missing []string `json:"missing,omitempty"`
	// Lock is the digest of the list of its packages.
	Lock string `json:"lock,omitempty"`
	// Why is what it was made for, where a rule wanted it.
	Why string `json:"why,omitempty"`
	// Trail tells what happened to it.
	Trail []compose.Line `json:"trail,omitempty"`
}

// MoreOf gives what is to be told of a document besides what ODCS tells.
func MoreOf(c compose.Compose) *More {
	return &More{
		Described: c.Finished, Total: c.Total, Packages: c.Packages, Bytes: c.Bytes,
		From: c.From, Leader: c.Leader, Dir: c.Dir, Missing: c.Missing, Lock: c.Lock, Why: c.Why, Trail: c.Trail,
	}
}
