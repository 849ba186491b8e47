// Package distaff is the collection of functions: the one place that knows
// them all.
package distaff

import (
	"context"

	buildstart "github.com/distaff-project/distaff/functions/build-start"
	changelook "github.com/distaff-project/distaff/functions/change-look"
	clocktick "github.com/distaff-project/distaff/functions/clock-tick"
	deadletter "github.com/distaff-project/distaff/functions/dead-letter"
	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	forgewebhook "github.com/distaff-project/distaff/functions/forge-webhook"
	onchangelooked "github.com/distaff-project/distaff/functions/on-change-looked"
	onkojitaskdone "github.com/distaff-project/distaff/functions/on-koji-task-done"
	onkojitaskstarted "github.com/distaff-project/distaff/functions/on-koji-task-started"
	onprclosed "github.com/distaff-project/distaff/functions/on-pr-closed"
	onpropened "github.com/distaff-project/distaff/functions/on-pr-opened"
	onstatusshown "github.com/distaff-project/distaff/functions/on-status-shown"
	onteststarted "github.com/distaff-project/distaff/functions/on-tests-started"
	ontfcomplete "github.com/distaff-project/distaff/functions/on-tf-complete"
	ontimepassed "github.com/distaff-project/distaff/functions/on-time-passed"
	releaselook "github.com/distaff-project/distaff/functions/release-look"
	statuspage "github.com/distaff-project/distaff/functions/status-page"
	statusreport "github.com/distaff-project/distaff/functions/status-report"
	testingfarmwebhook "github.com/distaff-project/distaff/functions/testing-farm-webhook"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/graph"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// Parts are what the functions are put together of. A function whose part is
// missing refuses what needs it.
type Parts struct {
	Bucket state.Bucket
	Lister state.Lister
	Rules  pipeline.Rules
	// Prefix begins the name of every status: distaff.
	Prefix string
	// The outside systems, each by the name of its instance.
	Forges map[string]Forge
	Hubs   map[string]buildstart.Koji
	Farms  map[string]testsrequest.Farm
	Bodhi  releaselook.Bodhi
	Bus    fedmsgdrain.Bus
	// HookKey makes the addresses given to Testing Farm.
	HookKey []byte
	// RunDays is how long runs are kept; 0: for ever.
	RunDays int
	// Say sends what fedmsg-drain hears, message by message.
	Say fedmsgdrain.Say
}

// Forge is one forge with all that is asked of it.
type Forge interface {
	forgewebhook.Forge
	changelook.Forge
	statusreport.Forge
}

// Functions puts all functions together, in the order an event meets them.
func Functions(p Parts) []fn.Function {
	desk := pipeline.NewDesk(p.Bucket, p.Rules)
	say := p.Say
	if say == nil {
		say = func(context.Context, string, []event.Draft) error { return errNoSink }
	}
	all := []fn.Function{
		forgewebhook.New(p.Bucket, each[forgewebhook.Forge](p.Forges)),
		fedmsgdrain.New(p.Bucket, p.Bus, say),
		testingfarmwebhook.New(p.HookKey),
		statuspage.New(p.Bucket, p.Lister, statuspage.Options{Now: p.Bucket.Now, Forges: p.Rules.Forges, Days: p.RunDays, Graph: picture}),
		clocktick.New(p.Bucket, p.Lister),

		onpropened.New(desk),
		onprclosed.New(desk),
		onchangelooked.New(desk),
		onkojitaskstarted.New(desk),
		onkojitaskdone.New(desk),
		onteststarted.New(desk),
		ontfcomplete.New(desk),
		onstatusshown.New(desk),
		ontimepassed.New(p.Bucket, desk),

		changelook.New(each[changelook.Forge](p.Forges)),
		releaselook.New(p.Bucket, p.Bodhi),
		buildstart.New(p.Bucket, p.Hubs),
		testsrequest.New(p.Bucket, p.Farms),
		statusreport.New(p.Bucket, p.Prefix, each[statusreport.Forge](p.Forges)),
		deadletter.New(p.Bucket),
	}
	for i := range all {
		all[i].Broker = brokerOf(all[i].Name)
	}
	return all
}

// picture is who says what to whom, drawn for the status page.
func picture() []byte { return []byte(Graph().SVG(graph.Drawing{})) }

// brokerOf names the broker of a function. What checks pull requests has one of
// its own, so that a mass rebuild keeps nothing else waiting; the rest is at the
// front.
func brokerOf(function string) string {
	switch function {
	case "clock-tick", "fedmsg-drain", "dead-letter", "status-page":
		return "distaff"
	}
	return "distaff-ci"
}

// each gives the forges as what one function asks of them.
func each[F any](forges map[string]Forge) map[string]F {
	out := make(map[string]F, len(forges))
	for name, forge := range forges {
		out[name], _ = forge.(F) // Forge has all of F's methods
	}
	return out
}
