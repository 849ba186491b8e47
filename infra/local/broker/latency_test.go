package broker_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/latency"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// measured is a broker that brings events to a measuring client by HTTP.
func measured(t testing.TB, dir string) (client *latency.Client, ingress string) {
	t.Helper()
	client, err := latency.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	set := manifests(t, oneBroker, latency.Manifests("default", "events", client.Address()))
	subscribers := broker.NewHTTPClient()
	b, err := broker.New(set, broker.Options{Dir: dir, Limit: func(manifest.Destination) int { return 64 }, Resolve: func(d manifest.Destination) (broker.Subscriber, error) {
		return broker.HTTP{URL: d.Address(), Client: subscribers}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		server.Close()
		_ = b.Close(context.Background())
	})
	return client, server.URL + "/default/events"
}

func TestTheWayOfAnEventCanBeMeasured(t *testing.T) {
	client, ingress := measured(t, "")
	figures, err := client.Measure(t.Context(), ingress, 20, 4)
	if err != nil || figures.N != 20 || figures.P50 <= 0 || figures.Max < figures.P99 || client.Extra() != 0 {
		t.Errorf("%+v, %v", figures, err)
	}
	if _, err := client.Measure(t.Context(), ingress+"/nobody", 1, 1); err == nil {
		t.Error("events that nobody takes are measured")
	}
}

// BenchmarkPostToAnswer is from the POST of an event to the arrival of a
// function's answer at a sink, all by HTTP:
//
//	go test ./infra/local/broker -run '^$' -bench PostToAnswer -benchtime 2000x
func BenchmarkPostToAnswer(b *testing.B) {
	for name, dir := range map[string]func() string{"memory": func() string { return "" }, "durable": b.TempDir} {
		for way, atOnce := range map[string]int{"sequential": 1, "32atonce": 32} {
			b.Run(name+"/"+way, func(b *testing.B) {
				client, ingress := measured(b, dir())
				if _, err := client.Measure(b.Context(), ingress, 64, atOnce); err != nil { // connections
					b.Fatal(err)
				}
				b.ResetTimer()
				figures, err := client.Measure(b.Context(), ingress, b.N, atOnce)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(figures.P50.Microseconds()), "p50-µs")
				b.ReportMetric(float64(figures.P99.Microseconds()), "p99-µs")
			})
		}
	}
}
