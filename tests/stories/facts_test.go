package stories

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// facts are the events recorded in the bucket, by type and id.
func (p *player) facts() (map[string]event.Event, error) {
	facts := map[string]event.Event{}
	infos, err := p.world.Files.List(p.ctx, "events/", "", blob.ListMax)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		object, err := p.world.Files.Get(p.ctx, info.Key)
		if err != nil {
			return nil, err
		}
		var e event.Event
		if err := json.Unmarshal(object.Body, &e); err != nil {
			return nil, err
		}
		facts[e.Type()+e.ID()] = e
	}
	return facts, nil
}

// ignored gives the messages nothing follows from, recorded since the last line.
func (p *player) ignored(facts map[string]event.Event) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(facts)) {
		e := facts[id]
		if p.recorded[id] || e.Type() != event.MessageIgnored.Name() {
			continue
		}
		p.recorded[id] = true
		ignored, err := event.MessageIgnored.Read(e)
		if err != nil {
			ignored.Reason = err.Error()
		}
		// Pagure makes a notification of each push, and a flag tells of itself.
		if strings.Contains(ignored.Reason, "is a notification") || strings.Contains(ignored.Reason, "comes as pull-request.updated") || strings.Contains(ignored.Reason, "a flag, maybe") {
			continue
		}
		out = append(out, fmt.Sprintf("  recorded, and nothing follows: %s\n", p.names.of(ignored.Reason)))
	}
	slices.Sort(out)
	return out
}
