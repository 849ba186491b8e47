package bucket

// Composes are how long what composes leave behind is kept. All of it is found
// out anew, or made again, where it is missing too early.
//
// What is not here stays: composes/ is emptied by compose-expire, which knows
// what is still held; documents and the list are what the API answers from; and
// who holds a content (compose/content/, compose/held/) and what it is made of
// (compose/lock/) is as old as the oldest compose that is renewed again and
// again.
func Composes() []Rule {
	return []Rule{
		// Who logged in with which ticket: a ticket is good for ten minutes, and a
		// day is the shortest a bucket knows.
		{Prefix: "login/seen/", Days: 1},
		// Keys of issuers, groups of users: good for an hour at most.
		{Prefix: "login/cache/", Days: 1},
		// What the making has come to. The longest may be without news for a day.
		{Prefix: "compose/work/", Days: 30},
		// By which a request that is sent once more is known: minutes for callers,
		// as long as a dead letter for rules.
		{Prefix: "compose/post/", Days: 100},
		// Composes that may be the same: no use after the longest lifetime.
		{Prefix: "compose/reuse/", Days: 100},
		// Descriptions of packages, for the next compose of a tag that was left
		// alone for so long.
		{Prefix: "compose/frames/", Days: 100},
		// Checksums that had to be computed, and configurations of Pungi.
		{Prefix: "compose/rpm/", Days: 400},
		{Prefix: "compose/dump/", Days: 400},
	}
}
