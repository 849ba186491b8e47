package pipeline

import (
	"encoding/json"

	"github.com/distaff-project/distaff/shared/event"
)

// readStatuses gives what a kept draft of statuses says.
func readStatuses(d event.Draft) (event.Statuses, error) {
	var s event.Statuses
	err := json.Unmarshal(d.Data, &s)
	return s, err
}
