//go:build amqp

package fedmsg_test

import (
	"os"
	"testing"
)

func broker(t testing.TB) string {
	t.Helper()
	url := os.Getenv("DISTAFF_AMQP_URL")
	if url == "" {
		t.Skip("DISTAFF_AMQP_URL names no broker; see .ci/amqp.sh")
	}
	return url
}

func TestAMQPDrainOnRabbitMQ(t *testing.T) { drainFacts(t, broker(t)) }

func TestAMQPKilledProcessesLoseNothing(t *testing.T) { killFacts(t, broker(t)) }

func BenchmarkAMQPDrain(b *testing.B) { benchDrain(b, broker(b)) }
