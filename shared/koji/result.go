package koji

import (
	"context"
	"strings"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// Result is what a task left behind.
type Result struct {
	// State is Closed, Failed or Canceled; Open stands for every unfinished one.
	State State
	// Fault is why it failed; nil unless State is Failed.
	Fault *Fault
	// Value is what a Closed task gave, in Go's basic kinds: of buildArch a
	// map with "rpms" and "logs", of build nil.
	Value any
}

// TaskResult asks what became of a task.
func (h *Hub) TaskResult(ctx context.Context, id TaskID) (Result, error) {
	var value any
	// Without raise_fault=False the failure of the task and the failure of the
	// call look alike.
	err := h.ask(ctx, "getTaskResult", []any{int64(id), xmlrpc.Kwargs{"raise_fault": false}},
		func(r *xmlrpc.Reader) { value = r.Any() })
	if faultCode(err) == FaultGeneric {
		// These two the hub raises all the same.
		switch text := err.Error(); {
		case strings.HasSuffix(text, "Task "+id.String()+" is canceled"):
			return Result{State: Canceled}, nil
		case strings.HasSuffix(text, "Task "+id.String()+" is not finished"):
			return Result{State: Open}, nil
		}
	}
	if err != nil {
		return Result{}, err
	}
	if members, ok := value.(map[string]any); ok && len(members) == 2 {
		code, isCode := members["faultCode"].(int64)
		text, isText := members["faultString"].(string)
		if isCode && isText {
			return Result{State: Failed, Fault: &Fault{Code: code, Text: text}}, nil
		}
	}
	return Result{State: Closed, Value: value}, nil
}
