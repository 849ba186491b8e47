package mbs

// String is the Module Build Service's word for the state.
func (s State) String() string {
	words := [...]string{"init", "wait", "build", "done", "failed", "ready", "garbage"}
	if s < Init || int(s) >= len(words) {
		return "unknown"
	}
	return words[s]
}
