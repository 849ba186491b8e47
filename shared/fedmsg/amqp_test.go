//go:build amqp

package fedmsg_test

import (
	"os"
	"testing"

	"github.com/distaff-project/distaff/shared/fedmsg"
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

func TestAMQPACertificateIsTheLogin(t *testing.T) {
	p := newPlace(t, broker(t))
	p.say(3)
	certs := os.Getenv("DISTAFF_AMQP_CERTS")
	q := p.open(func(c *fedmsg.Config) {
		c.URL = os.Getenv("DISTAFF_AMQPS_URL")
		c.Cert, c.Key, c.CA = certs+"/guest.pem", certs+"/guest.key", certs+"/ca.pem"
	})
	var got ids
	_, err := q.Drain(t.Context(), 10, plenty, got.handle)
	p.equal(nil, err)
	p.equal(ids{"1", "2", "3"}, got)
}

func BenchmarkAMQPDrain(b *testing.B) { benchDrain(b, broker(b)) }

func TestAMQPPublishOnRabbitMQ(t *testing.T) { publishFacts(t, broker(t)) }
