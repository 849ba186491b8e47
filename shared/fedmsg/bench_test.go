package fedmsg_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

func BenchmarkDrain(b *testing.B) { benchDrain(b, listen(b, fedmsgtest.NewBus())) }

// benchDrain drains b.N messages, one at a time, each acked by itself; and then
// wakes up for nothing.
func benchDrain(b *testing.B, url string) {
	nothing := func(context.Context, fedmsg.Message) error { return nil }
	for _, size := range []int{100, 20_000} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			p := newPlace(b, url)
			body := fmt.Appendf(nil, `{"a":"%s"}`, strings.Repeat("x", size))
			var last *amqp091.DeferredConfirmation
			for i := range b.N {
				last = p.publish(amqp091.Publishing{MessageId: fmt.Sprint(i), DeliveryMode: 2, Body: body})
			}
			last.Wait()
			q := p.open()
			b.ResetTimer()
			done, err := q.Drain(b.Context(), b.N, 10*plenty, nothing)
			b.StopTimer()
			if err != nil || done.Handled != b.N {
				b.Fatalf("%+v, %v", done, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
	b.Run("nothing there", func(b *testing.B) {
		q := newPlace(b, url).open()
		for b.Loop() {
			if _, err := q.Drain(b.Context(), 1, plenty, nothing); err != nil {
				b.Fatal(err)
			}
		}
	})
}
