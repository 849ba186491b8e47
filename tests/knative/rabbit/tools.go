//go:build tools

// Package rabbit names the programs of Knative's broker for RabbitMQ, so that
// go.mod has what they need.
package rabbit

import (
	_ "knative.dev/eventing-rabbitmq/cmd/controller/broker"
	_ "knative.dev/eventing-rabbitmq/cmd/dispatcher"
	_ "knative.dev/eventing-rabbitmq/cmd/ingress"
	_ "knative.dev/eventing-rabbitmq/cmd/webhook/broker"
)
