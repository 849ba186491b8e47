//go:build amqp

package fedmsgtest

import (
	"os"
	"testing"
)

func TestAMQPRabbitMQKeepsTheContract(t *testing.T) {
	url := os.Getenv("DISTAFF_AMQP_URL")
	if url == "" {
		t.Skip("DISTAFF_AMQP_URL names no broker; see .ci/amqp.sh")
	}
	contract(t, url)
}
