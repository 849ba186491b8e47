package telemetry

import (
	"encoding/json"
	"fmt"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

const (
	// pipelineName is what a run is a run of.
	pipelineName = "pull-request"
	// dataMost is how much of an event's data is looked at, in bytes.
	dataMost = 64 << 10
)

// facts are what many of our events have in their data.
type facts struct {
	event.PullRequestID
	Label string `json:"label"`
	Batch string `json:"batch"`
	State string `json:"state"`
	Tests []struct {
		Label string `json:"label"`
		State string `json:"state"`
	} `json:"tests"`
}

// pipelineOf is what the conventions for CI/CD
// (https://opentelemetry.io/docs/specs/semconv/cicd/) want to know: which run of
// which pull request an event is about, which task of it, and how that ended.
func pipelineOf(e event.Event) []attribute.KeyValue {
	var f facts
	if len(e.Data()) > dataMost || json.Unmarshal(e.Data(), &f) != nil {
		return nil
	}
	if len(f.Tests) == 1 && f.Label == "" {
		f.Label, f.State = f.Tests[0].Label, f.Tests[0].State
	}
	if f.Label == "" {
		f.Label = f.Batch
	}
	var attrs []attribute.KeyValue
	label, err := pipeline.ParseLabel(f.Label)
	if err == nil {
		f.PullRequestID = label.PullRequest
		attrs = append(attrs,
			semconv.CICDPipelineRunID(fmt.Sprintf("%s/%d", label.PullRequest.Document(), label.Run)),
			semconv.CICDPipelineTaskName(label.What), semconv.CICDPipelineTaskRunID(f.Label))
		kind := semconv.CICDPipelineTaskTypeTest
		if label.What == pipeline.Build {
			kind = semconv.CICDPipelineTaskTypeBuild
		}
		attrs = append(attrs, kind)
		if result := result(e.Type(), f.State); result.Valid() {
			attrs = append(attrs, result)
		}
	}
	if f.Number == 0 {
		return attrs
	}
	return append(attrs, semconv.CICDPipelineName(pipelineName), semconv.VCSRepositoryName(f.Repo), semconv.VCSChangeID(strconv.Itoa(f.Number)))
}

// result is how a task ended, in the words of the conventions.
func result(kind, state string) attribute.KeyValue {
	switch kind {
	case event.BuildEnded.Name(), event.BuildRefused.Name(), event.TestsEnded.Name():
	default:
		return attribute.KeyValue{}
	}
	switch state {
	case "closed", "passed":
		return semconv.CICDPipelineTaskRunResultSuccess
	case "failed", "needs-inspection":
		return semconv.CICDPipelineTaskRunResultFailure
	case "canceled", "cancelled":
		return semconv.CICDPipelineTaskRunResultCancellation
	case "skipped":
		return semconv.CICDPipelineTaskRunResultSkip
	}
	return semconv.CICDPipelineTaskRunResultError
}
