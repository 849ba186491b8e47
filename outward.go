package distaff

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/graph"
)

// Outward are the types of events that are said for whoever likes to hear them,
// and need not be heard by a function of ours; with what they are for.
func Outward() map[string]string {
	return map[string]string{
		event.PullRequestCommented.Name(): "for those who add commands in comments",
	}
}

// Graph is who says what to whom in the collection.
func Graph() graph.Graph {
	return graph.Of(graph.Wiring{Functions: Functions(Parts{}), Outward: Outward()})
}
