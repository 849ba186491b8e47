//go:build tools

// Package topology names RabbitMQ's messaging topology operator, so that go.mod
// has what it needs. It cannot be built of the same versions as the broker.
package topology

import _ "github.com/rabbitmq/messaging-topology-operator"
