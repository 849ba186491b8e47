// Package distaff is the collection of functions: the one place that knows
// them all.
package distaff

import (
	"context"
	"slices"

	buildstart "github.com/distaff-project/distaff/functions/build-start"
	buspublish "github.com/distaff-project/distaff/functions/bus-publish"
	changelook "github.com/distaff-project/distaff/functions/change-look"
	clocktick "github.com/distaff-project/distaff/functions/clock-tick"
	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	composeexpire "github.com/distaff-project/distaff/functions/compose-expire"
	composeindex "github.com/distaff-project/distaff/functions/compose-index"
	composemake "github.com/distaff-project/distaff/functions/compose-make"
	composepage "github.com/distaff-project/distaff/functions/compose-page"
	deadletter "github.com/distaff-project/distaff/functions/dead-letter"
	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	forgewebhook "github.com/distaff-project/distaff/functions/forge-webhook"
	gateask "github.com/distaff-project/distaff/functions/gate-ask"
	onbodhiupdate "github.com/distaff-project/distaff/functions/on-bodhi-update"
	onchangelooked "github.com/distaff-project/distaff/functions/on-change-looked"
	oncomposechanged "github.com/distaff-project/distaff/functions/on-compose-changed"
	oncomposedue "github.com/distaff-project/distaff/functions/on-compose-due"
	oncomposemade "github.com/distaff-project/distaff/functions/on-compose-made"
	oncomposewanted "github.com/distaff-project/distaff/functions/on-compose-wanted"
	onkojitag "github.com/distaff-project/distaff/functions/on-koji-tag"
	onkojitaskdone "github.com/distaff-project/distaff/functions/on-koji-task-done"
	onkojitaskstarted "github.com/distaff-project/distaff/functions/on-koji-task-started"
	onmodulechanged "github.com/distaff-project/distaff/functions/on-module-changed"
	onprclosed "github.com/distaff-project/distaff/functions/on-pr-closed"
	onpropened "github.com/distaff-project/distaff/functions/on-pr-opened"
	onruleanswered "github.com/distaff-project/distaff/functions/on-rule-answered"
	onstatusshown "github.com/distaff-project/distaff/functions/on-status-shown"
	onteststarted "github.com/distaff-project/distaff/functions/on-tests-started"
	ontfcomplete "github.com/distaff-project/distaff/functions/on-tf-complete"
	ontimepassed "github.com/distaff-project/distaff/functions/on-time-passed"
	releaselook "github.com/distaff-project/distaff/functions/release-look"
	statuspage "github.com/distaff-project/distaff/functions/status-page"
	statusreport "github.com/distaff-project/distaff/functions/status-report"
	testingfarmwebhook "github.com/distaff-project/distaff/functions/testing-farm-webhook"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/compose/rule"
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
	// Composes are what composes are made with, and Ranges reads parts of what
	// is in the bucket.
	Composes Composes
	Ranges   composemake.Reader
	// Say sends what fedmsg-drain hears, message by message.
	Say fedmsgdrain.Say
}

// Forge is one forge with all that is asked of it.
type Forge interface {
	forgewebhook.Forge
	changelook.Forge
	statusreport.Forge
}

// Functions puts all functions together, in the order an event meets them. What
// checks pull requests has a broker of its own, so that a mass rebuild keeps
// nothing else waiting; the rest is at the front.
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
	}
	checking := len(all)
	all = append(all, composing(p)...)
	all = append(all, deadletter.New(p.Bucket))
	for i := range all {
		all[i].Broker = "distaff"
		if i < checking && !inFront(all[i].Name) {
			all[i].Broker = "distaff-ci"
		}
	}
	return all
}

// inFront are those that composes need as well as pull requests.
func inFront(function string) bool {
	return slices.Contains([]string{"clock-tick", "fedmsg-drain", "status-page"}, function)
}

// listed is a bucket that can be listed as well.
type listed struct {
	state.Store
	state.Lister
}

// composing are the functions that make composes.
func composing(p Parts) []fn.Function {
	c := p.Composes
	desk := compose.NewDesk(p.Bucket, c.rules(), index.Beside)
	rules := rule.NewDesk(p.Bucket, c.Rules, c.URL)
	list := index.NewList(listed{p.Bucket, p.Lister}, desk.Read)
	return []fn.Function{
		composeapi.New(composeapi.Parts{
			Desk: desk, IDs: desk.IDs, List: list, Store: p.Bucket, Login: c.Login, Now: p.Bucket.Now, Nonce: p.Bucket.Nonce,
		}, c.API),

		composepage.New(composepage.Parts{
			Desk: desk, List: list, Locks: compose.Locks{Store: p.Bucket}, Contents: desk.Contents, Files: p.Lister,
			Rules: rules, Now: p.Bucket.Now,
		}, c.Page),
		oncomposewanted.New(desk, c.parse),
		oncomposemade.New(desk),
		oncomposedue.New(desk, rules),
		oncomposechanged.New(desk, rules),
		onkojitag.New(rules),
		onbodhiupdate.New(rules),
		onmodulechanged.New(rules),
		onruleanswered.New(rules),

		composemake.New(desk, p.Ranges, c.Kojis, c.Make),
		composeexpire.New(desk, p.Lister),
		composeindex.New(index.NewIndexer(p.Bucket, p.Lister, desk.Read)),
		gateask.New(c.Gate),
		buspublish.New(c.Bus, c.Topics),
	}
}

// picture is who says what to whom, drawn for the status page.
func picture() []byte { return []byte(Graph().SVG(graph.Drawing{})) }

// each gives the forges as what one function asks of them.
func each[F any](forges map[string]Forge) map[string]F {
	out := make(map[string]F, len(forges))
	for name, forge := range forges {
		out[name], _ = forge.(F) // Forge has all of F's methods
	}
	return out
}
