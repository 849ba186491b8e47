package deploy

const (
	medium = 256  // MiB
	large  = 2048 // MiB
)

// composeLimits are the limits of a Service that has to do with composes.
func composeLimits(service string) (Limits, bool) {
	const (
		waits = "It mostly waits for the bucket, so one pod takes many; there is one document for each compose and each rule, and events of one document get into each other's way."
		tags  = "It looks at each rule and mostly finds that none is meant. A mass tagging says thousands within a minute, and what is late is only a compose that is a little later."
	)
	switch service {
	case "compose-api":
		l := reactor(32, 4, "Waiting clients ask again every few seconds, and one question is one or two reads. What is above waits; ODCS's clients repeat what took too long.")
		l.Memory, l.WhyMemory = medium, "It keeps the list of composes it has read, so that filtering a hundred thousand does not read them again."
		return l, true
	case "compose-page":
		l := reactor(32, 4, "It only reads. dnf asks it for packages where a mirror knows no better, and those are answered by an address, not by a file.")
		l.Memory, l.WhyMemory = medium, "A page tells what is otherwise than in the compose before, and the lists of two composes are long."
		return l, true
	case "compose-make":
		return Limits{
			Concurrency: 1, Scale: 8,
			Why:    "A compose takes all of two processors while it is made, so a pod makes one at a time. Eight at once are a load that Koji's hub and its file server bear; the rest waits at the activator, and what waits too long comes again.",
			Window: chain, WhyWindow: "A large compose is made in steps of 18 s that follow each other, and the same tag is often asked for again at once.",
			Memory: large, Beside: 1536, CPUs: 2, Scratch: 2048,
			WhyMemory: "Describing 20,000 packages stays below 300 MiB. The rest is for the dependency solver, a program beside it that holds all the packages of a tag at once, and reads them from the scratch folder.",
		}, true
	case "compose-expire":
		return reactor(4, 2, "It deletes some dozens of objects for each compose, one after the other. Nobody waits for it."), true
	case "compose-index":
		return reactor(4, 1, "One folds for all: whatever changed meanwhile is folded along. Several would write the same segments and spoil each other's writes. Those that come beside it find nothing left to do."), true
	case "on-compose-wanted", "on-compose-made", "on-compose-due", "on-compose-changed", "on-rule-answered":
		return reactor(16, 2, waits), true
	case "on-koji-tag", "on-bodhi-update", "on-module-changed":
		return reactor(16, 2, tags), true
	case "gate-ask":
		return reactor(4, 2, "Greenwave asks two other databases for each of up to a hundred builds; more than eight questions at once would make none earlier."), true
	case "bus-publish":
		return reactor(8, 1, "All go through one connection to the bus, and an hour of composes is some hundred messages."), true
	}
	return Limits{}, false
}
