package event

// MessageIgnored is recorded, and never said, of a message nothing follows
// from: whoever asks why nothing happened finds the reason.
const MessageIgnored Kind[Ignored] = "distaff.message.ignored"

// Ignored is a message nothing follows from.
type Ignored struct {
	PullRequestID
	// Reason says in words why.
	Reason string `json:"reason"`
	// Topic is what the message called itself.
	Topic string `json:"topic,omitempty"`
}

// Subject is the pull request, as far as it is known.
func (i Ignored) Subject() string {
	if i.Number == 0 {
		return i.Forge
	}
	return i.String()
}

// Attributes are the forge.
func (i Ignored) Attributes() map[string]string { return attributes("forge", i.Forge) }
