package broker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker"
)

// BenchmarkPublishToDelivered has 40 triggers, of which one wants the event.
func BenchmarkPublishToDelivered(b *testing.B) {
	triggers := []string{oneBroker}
	services := map[string]broker.Subscriber{}
	work := broker.Func(func(context.Context, event.Event) (*event.Event, int, time.Duration, []byte, error) {
		return nil, 202, 0, nil, nil
	})
	for i := range 40 {
		name := fmt.Sprintf("work%d", i)
		triggers = append(triggers, trigger(name, name, ""))
		services[name] = work
	}
	e := say("1", "work20")
	if err := e.SetData("application/json", []byte(`{"key": "`+strings.Repeat("x", 300)+`"}`)); err != nil {
		b.Fatal(err)
	}
	publishAll := func(b *testing.B, options broker.Options, publishers int) {
		running := run(b, manifests(b, triggers...), options, services)
		b.SetParallelism(publishers)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := running.Publish(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
		})
		settle(b, running)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	}
	b.Run("memory", func(b *testing.B) { publishAll(b, broker.Options{}, 1) })
	b.Run("durable,2publishers", func(b *testing.B) { publishAll(b, broker.Options{Dir: b.TempDir()}, 1) })
	b.Run("durable,1000publishers", func(b *testing.B) { publishAll(b, broker.Options{Dir: b.TempDir()}, 500) })
	b.Run("durable,http", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
		defer server.Close()
		services["work20"] = broker.HTTP{URL: server.URL, Client: broker.NewHTTPClient()}
		publishAll(b, broker.Options{Dir: b.TempDir()}, 500)
	})
}
