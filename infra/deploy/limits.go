package deploy

// Limits are how much of a Service may run at once. Together with the broker's
// own they are the only backpressure there is: what is above waits at the
// activator, and what waits longer than a delivery's timeout comes again.
type Limits struct {
	// Concurrency is how many events one pod handles at once, and Scale how many
	// pods there may be.
	Concurrency, Scale int
	// Why says where the two numbers come from.
	Why string
	// Window is over how long Knative looks before it takes the last pod away,
	// in seconds; 6 is the shortest it takes.
	Window int
	// WhyWindow says why so long.
	WhyWindow string
	// Memory is the most a pod may use, in MiB.
	Memory int
	// WhyMemory says why more than usual.
	WhyMemory string
	// Beside is how much of it is for programs that a function runs, in MiB.
	Beside int
	// CPUs are the processors a pod may use; 0: as many as are free.
	CPUs int
	// Scratch is how much a pod may write into a folder of its own, in MiB. What
	// else there is it can only read.
	Scratch int
}

// AtOnce is how many events are handled at once when all pods are up.
func (l Limits) AtOnce() int { return l.Concurrency * l.Scale }

const (
	chain = 30 // seconds
	// whyChain is why most Services stay for half a minute.
	whyChain = "The answers to one event follow within seconds, and the next steps of a run within hours."
	small    = 128 // MiB
)

func reactor(concurrency, scale int, why string) Limits {
	return Limits{Concurrency: concurrency, Scale: scale, Why: why, Window: chain, WhyWindow: whyChain, Memory: small}
}

// limitsOf are the limits of a Service.
func limitsOf(service string) (Limits, bool) {
	const (
		waits   = "It mostly waits for the bucket, so one pod takes many; there is one document for each pull request, and events of one document get into each other's way."
		opening = "It mostly waits for the bucket. A mass rebuild opens pull requests by the thousand: 64 at once work off 10,000 in some minutes, and the rest of the bucket's rate is for the others."
		hooks   = "Forges give up after a few seconds and some do not call again, so there is room for a burst; one call is two small writes."
	)
	if l, ok := composeLimits(service); ok {
		return l, true
	}
	switch service {
	case "forge-webhook", "testing-farm-webhook":
		l := reactor(32, 4, hooks)
		return l, true
	case "status-page":
		return reactor(32, 4, "It only reads. A page that is linked from a busy pull request is read by many at once, and a crawler must not take more than this."), true
	case "minute":
		return Limits{
			Concurrency: 2, Scale: 1, Memory: small,
			Why:       "One clock and one emptying of the queue at a time: a second of either would say and fetch the same again. Both are woken by the same tick.",
			Window:    6,
			WhyWindow: "The shortest Knative takes: it is woken each minute and done in a second or two, and only so it really goes to zero between.",
		}, true
	case "on-pr-opened", "on-change-looked", "on-status-shown":
		return reactor(16, 4, opening), true
	case "on-pr-closed", "on-koji-task-started", "on-koji-task-done", "on-tests-started", "on-tf-complete", "on-time-passed":
		return reactor(16, 2, waits), true
	case "change-look":
		return reactor(8, 2, "A look is up to a dozen requests at the forge, one after the other: 16 looks at once stay far below the 100 requests at once that GitHub allows an account, and are a load a Pagure can bear."), true
	case "release-look":
		return reactor(16, 1, "The list of releases is fetched once in six hours and then read from the bucket; more pods would only fetch it more often."), true
	case "build-start":
		return reactor(8, 2, "Each pod logs in to Koji by itself, and the hub serves all of a distribution: one user asks 16 things at once, and Koji's own queue holds the builds."), true
	case "tests-request":
		return reactor(8, 2, "Asking takes a moment and testing takes hours, in Testing Farm's own queue: more than 16 askings at once would not make a result earlier."), true
	case "status-report":
		return reactor(8, 2, "Each status is a write at the forge, one check after the other; GitHub asks an account to write little at once, and refuses for a while if it does not."), true
	case "dead-letter":
		return reactor(16, 4, "When a system is down, everything for it ends here at once, and nothing comes behind this: it must not be the one that refuses."), true
	}
	return Limits{}, false
}
