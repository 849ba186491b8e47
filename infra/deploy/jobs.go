package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Jobs names the functions that can be run as a Job for each event instead of
// as a Service: those that ask and wait, and may have to wait for long; and the
// one that has much to do, for what is known to be much.
func Jobs() []string { return []string{"change-look", "tests-request", "compose-make"} }

// forJobs tells whether the events of a route go to Jobs.
func forJobs(route fn.Route) bool {
	size, told := route.Match["size"]
	return told && size == "large" || !told && route.Type != event.ComposeCheckWanted.Name()
}

// jobSeconds is how long a Job may take.
func jobSeconds(u Unit) int {
	if u.Name == "compose-make" {
		return 5400 // it keeps what it has after an hour, and is asked again
	}
	return 1800
}

// jobAttempts is how often a Job tries one event.
const jobAttempts = 5

// JobSinks writes, for the units that Jobs names, a JobSink with the same image,
// account and Secrets, and a SinkBinding that tells the Jobs where the broker
// is.
func JobSinks(units []Unit) []byte {
	var some []Unit
	for _, u := range units {
		if slices.Contains(Jobs(), u.Name) {
			some = append(some, u)
		}
	}
	var b strings.Builder
	b.Write(bindings(some, "-jobs", "batch/v1", "Job", ""))
	for _, u := range some {
		fmt.Fprintf(&b, `---
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata:
  name: %s
  labels: {distaff.function: %s}
spec:
  job:
    metadata:
      labels: {distaff.function: %s, distaff.broker: %s}
    spec:
      # No broker repeats what a Job was made for, so Kubernetes does. Only the
      # failures of an index are told to the pod, which has to know its last
      # attempt: then it gives the event to the dead letters itself.
      completionMode: Indexed
      completions: 1
      parallelism: 1
      backoffLimitPerIndex: %d
      podFailurePolicy:
        rules:
          # Drained or evicted: not the function's fault, and not counted.
          - {action: Ignore, onPodConditions: [{type: DisruptionTarget, status: "True"}]}
          # For good, or configured wrongly: cmd/function's exit codes.
          - {action: FailIndex, onExitCodes: {operator: In, values: [65, 78]}}
      activeDeadlineSeconds: %d
      # As long as the Job is there, the same event makes no second one.
      ttlSecondsAfterFinished: 3600
      template:
        metadata:
          labels: {%s, distaff.runs: job}
        spec:
          restartPolicy: Never
          serviceAccountName: %s
%s`, u.Name, u.Name, u.Name, u.Broker(), jobAttempts-1, jobSeconds(u), u.podLabels(), u.Name,
			u.pod(10, jobEnv(u), ""))
	}
	return []byte(b.String())
}

// JobTriggers writes the patches that point the Triggers of those functions to
// their JobSink.
func JobTriggers(units []Unit) []byte {
	var b strings.Builder
	b.WriteString(generated)
	for _, u := range units {
		if !slices.Contains(Jobs(), u.Name) {
			continue
		}
		for _, f := range u.Functions {
			for _, route := range f.Hears {
				if !forJobs(route) {
					continue
				}
				fmt.Fprintf(&b, `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: %s
spec:
  subscriber:
    ref: {apiVersion: sinks.knative.dev/v1alpha1, kind: JobSink, name: %s}
`, eventing.TriggerName(f, route), u.Name)
			}
		}
	}
	return []byte(b.String())
}

// jobEnv are the variables a Job has besides. The namespace is filled in where it
// runs: the gateway knows no shorter name of a Service.
func jobEnv(u Unit) string {
	return "  - {name: K_EXECUTION_MODE, value: batch}\n" +
		fmt.Sprintf("  - {name: DISTAFF_JOB_ATTEMPTS, value: \"%d\"}\n", jobAttempts) +
		"  - name: DISTAFF_JOB_FAILURES\n" +
		"    valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['batch.kubernetes.io/job-index-failure-count']\"}}\n" +
		"  - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n" +
		"  - name: DISTAFF_DEAD_LETTER_SINK\n" +
		"    value: http://dead-letter.$(NAMESPACE).svc.cluster.local/dead-letter/from/" + u.Name + "\n"
}
