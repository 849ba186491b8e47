package kojitest

import (
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
)

// listTasks answers with those filters our own client uses, and their nearest
// relatives. One it does not know is a fault: to pass over it would answer a
// different question.
func listTasks(c *call) (any, *koji.Fault) {
	opts, _ := c.arg("opts").(map[string]any)
	query, _ := c.arg("queryOpts").(map[string]any)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*task
	for _, id := range s.order {
		t := s.tasks[id]
		ok, refused := matches(t, opts)
		if refused != nil {
			return nil, refused
		}
		if ok {
			found = append(found, t)
		}
	}
	if query["countOnly"] == true {
		return len(found), nil
	}
	switch query["order"] {
	case nil, "id":
	case "-id":
		slices.Reverse(found)
	default:
		return nil, fault(koji.FaultOther, "Invalid order: %v", query["order"])
	}
	if offset, ok := query["offset"].(int64); ok {
		found = found[min(int(offset), len(found)):]
	}
	if limit, ok := query["limit"].(int64); ok {
		found = found[:min(int(limit), len(found))]
	}
	out := make([]any, len(found))
	for i, t := range found {
		out[i] = listed(t, opts["decode"] == true)
	}
	return out, nil
}

func matches(t *task, opts map[string]any) (bool, *koji.Fault) {
	for _, name := range sortedKeys(opts) {
		want, ok := opts[name], true
		switch name {
		case "decode":
		case "owner":
			ok = oneOf(want, t.owner.id)
		case "state":
			ok = oneOf(want, int64(t.state))
		case "method":
			ok = want == t.method
		case "parent":
			ok = (want == nil && t.parent == 0) || (want != nil && oneOf(want, t.parent))
		case "createdAfter", "createdBefore":
			limit, known := moment(want)
			if !known {
				return false, fault(koji.FaultParameter, "Invalid timestamp: %v", want)
			}
			ok = t.created.After(limit)
			if name == "createdBefore" {
				ok = t.created.Before(limit)
			}
		default:
			return false, fault(koji.FaultGeneric, "this Koji does not list tasks by %s", name)
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

func oneOf(want any, value int64) bool {
	if list, many := want.([]any); many {
		return slices.Contains(list, any(value))
	}
	return want == value
}

func moment(value any) (time.Time, bool) {
	switch v := value.(type) {
	case int64:
		return time.Unix(v, 0), true
	case float64:
		return time.UnixMicro(int64(v * 1e6)), true
	case string:
		for _, layout := range []string{"2006-01-02 15:04:05.999999Z07:00", time.RFC3339Nano, "2006-01-02 15:04:05.999999", time.DateOnly} {
			if at, err := time.Parse(layout, v); err == nil {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

// listed is a row of listTasks: the request and the result are the XML text the
// hub keeps, unless they are to be decoded.
func listed(t *task, decode bool) map[string]any {
	row := t.row(false)
	row["owner_name"], row["owner_type"] = t.owner.name, 0
	row["result"] = nil
	finished := t.state == koji.Closed || t.state == koji.Failed
	if decode {
		row["request"] = t.request
		switch {
		case finished && t.fault != nil:
			row["result"] = faultStruct(t.fault)
		case finished:
			row["result"] = []any{t.result}
		}
		return row
	}
	row["request"] = encodeCall(t.method, t.request)
	switch {
	case finished && t.fault != nil:
		row["result"] = string(encodeFault(t.fault))
	case finished:
		row["result"] = string(encodeReply(t.result))
	}
	return row
}
