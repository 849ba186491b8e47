package knative

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/latency"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

const oneBroker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: events, namespace: default}
`

// From a POST at the broker to the arrival of the function's answer.
func TestTheWayOfAnEventIsMeasured(t *testing.T) {
	s := onStage(t)
	real, err := latency.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	manifests := latency.Manifests(s.namespace, "distaff", real.Address())
	s.with(strings.ReplaceAll(manifests, "}\nspec:", `, annotations: {rabbitmq.eventing.knative.dev/parallelism: "64"}}`+"\nspec:"))
	local, err := latency.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	ingress := localBroker(t, local)
	for _, way := range []struct {
		name      string
		n, atOnce int
	}{{"one after the other", 300, 1}, {"32 at once", 640, 32}} {
		for name, side := range map[string]struct {
			client  *latency.Client
			ingress string
		}{"Knative": {real, s.direct(t.Context(), "distaff")}, "local broker": {local, ingress}} {
			if _, err := side.client.Measure(t.Context(), side.ingress, 64, way.atOnce); err != nil { // connections
				t.Fatal(err)
			}
			figures, err := side.client.Measure(t.Context(), side.ingress, way.n, way.atOnce)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, %s: %s", name, way.name, figures)
		}
	}
}

// localBroker is a durable one, by HTTP.
func localBroker(t *testing.T, c *latency.Client) (ingress string) {
	t.Helper()
	set, err := manifest.Parse("latency.yaml", []byte(oneBroker+latency.Manifests("default", "events", c.Address())))
	if err != nil {
		t.Fatal(err)
	}
	client := broker.NewHTTPClient()
	b, err := broker.New(set, broker.Options{
		Dir: t.TempDir(), Limit: func(manifest.Destination) int { return 64 },
		Resolve: func(d manifest.Destination) (broker.Subscriber, error) {
			return broker.HTTP{URL: d.Address(), Client: client}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := b.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return server.URL + "/default/events"
}
