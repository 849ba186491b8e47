package compose

import "strconv"

const (
	// RuleOwner begins the owner of a compose that a rule wanted; the rule's name
	// follows.
	RuleOwner = "rule:"
	// Root is where the directories of composes lie in the bucket, for everybody
	// to read.
	Root = "composes/"
)

// Name is ODCS's name for a compose, which is also that of its directory:
// odcs-12.
func Name(id int64) string { return "odcs-" + strconv.FormatInt(id, 10) }

// FilesPrefix is the directory of a compose in the bucket: composes/odcs-12/.
func FilesPrefix(id int64) string { return Root + Name(id) + "/" }
