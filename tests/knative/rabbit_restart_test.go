package knative

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The server, beside the broker's Deployments.
const rabbitServer = "rabbitmq"

func TestRabbitLosesNothingWhenItsPartsAreKilledTenTimes(t *testing.T) {
	s := onRabbitStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	over := s.killers(ctx, chance(t), killing{100, s.rabbitParts, s.restartRabbit})
	began := time.Now()
	real := s.play().story(ctx, "killed")
	t.Logf("on RabbitMQ: %.1f s; killed: %q", time.Since(began).Seconds(), over())
	local := onLocalBroker(t).story(ctx, "killed")
	if diff := cmp.Diff(local, real); diff != "" {
		t.Errorf("-local +RabbitMQ\n%s", diff)
	}
}

// rabbitParts are the parts events pass through: the server and each ingress as
// often as a quarter of the dispatchers.
func (s *stage) rabbitParts() []string {
	var parts []string
	for _, name := range s.nodes.Deployed() {
		if strings.HasSuffix(name, "-dlx-dispatcher") || strings.HasSuffix(name, "-dlq-dispatcher") ||
			strings.HasPrefix(name, "tests-answers") || strings.HasPrefix(name, "latency-") {
			continue // nothing passes them
		}
		parts = append(parts, name)
	}
	for range len(parts) / 4 {
		parts = append(parts, rabbitServer, "distaff-broker-ingress", "distaff-ci-broker-ingress")
	}
	return parts
}

// restartRabbit ends a part as a power cut would, and returns when all take
// events again.
func (s *stage) restartRabbit(ctx context.Context, name string) error {
	s.mending.Store(true)
	defer s.mending.Store(false)
	if name == rabbitServer {
		if err := shared.rabbit.Restart(ctx); err != nil {
			return err
		}
	} else if d := s.nodes.Deployment(name); d != nil {
		d.Kill()
	} else {
		return errors.New("there is no Deployment " + name)
	}
	return errors.Join(s.taking(ctx), s.consumed(ctx))
}

// consumed returns when every queue has somebody who hands its events on.
func (s *stage) consumed(ctx context.Context) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		queues, err := shared.rabbit.Queues(ctx)
		if err == nil && len(queues) > 0 && !slices.ContainsFunc(queues, func(q rabbitQueue) bool { return q.Consumers == 0 }) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
