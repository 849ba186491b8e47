//go:build tools

package main

// The stock programs that run beside, so that go.mod names what they need.
import (
	_ "knative.dev/eventing/cmd/broker/filter"
	_ "knative.dev/eventing/cmd/broker/ingress"
	_ "knative.dev/eventing/cmd/jobsink"
	_ "knative.dev/eventing/cmd/webhook"
)
