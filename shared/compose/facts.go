package compose

import "time"

// Fact is news about a compose, and when and by which event it came.
type Fact struct {
	// ID is the compose's number.
	ID    int64
	At    time.Time
	Event string
	// News is one of Asked, Extended, Cancelled, RemovalAsked, Answer, Tie and
	// event.ComposePassed.
	News any
}

// Asked is the news that somebody wants a compose. It makes the document.
type Asked struct {
	Owner   string
	Request Request
	// From is the compose it is a copy of.
	From int64
	// Rule is the rule that wants it, RuleLabel its asking's label, and Why what
	// had happened.
	Rule, RuleLabel, Why string
}

// Extended is the news that a compose is to live until a moment at least. Its
// content is held until then already.
type Extended struct {
	Until time.Time
	// By is who asked for it.
	By string
}

// Cancelled is the news that somebody does not want a compose any more that is
// not there yet. It has no effect on others.
type Cancelled struct{ By string }

// RemovalAsked is the news that a compose is to be removed before its time. It
// has no effect on one that is not there yet.
type RemovalAsked struct{ By string }
