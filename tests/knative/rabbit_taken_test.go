package knative

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What the broker has answered 202 to is delivered, whatever is killed then:
// the ingress, the dispatcher, and the server itself.
func TestRabbitDeliversEveryEventItTook(t *testing.T) {
	s := onRabbitStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	subscriber := hears(t, func(heard) int { // slower than they come, so that some always wait
		time.Sleep(40 * time.Millisecond)
		return http.StatusOK
	})
	s.with(rabbitTrigger("taken", `rabbitmq.eventing.knative.dev/parallelism: "8"`, `uri: "`+subscriber.URL+`"`,
		"retry: 8, backoffPolicy: exponential, backoffDelay: PT0.1S"))
	var over atomic.Bool
	var refused atomic.Int64
	var mu sync.Mutex
	missing := map[string]bool{}
	var posting sync.WaitGroup
	for p := range 4 {
		posting.Go(func() {
			for i := 0; !over.Load(); i++ {
				id := fmt.Sprintf("%d-%d", p, i)
				code, err := s.post(ctx, "distaff", "{}", map[string]string{"Id": id, "Source": "/tests", "Type": "tests.taken"})
				if err != nil || code != http.StatusAccepted {
					refused.Add(1)
				} else {
					mu.Lock()
					missing[id] = true
					mu.Unlock()
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	for _, part := range []string{"tests-taken-dispatcher", rabbitServer, "distaff-broker-ingress", rabbitServer, "tests-taken-dispatcher"} {
		time.Sleep(500 * time.Millisecond)
		if err := s.restartRabbit(ctx, part); err != nil {
			t.Error(err)
			break
		}
	}
	over.Store(true)
	posting.Wait()
	taken, heard := len(missing), 0
	for len(missing) > 0 && ctx.Err() == nil {
		all := subscriber.got()
		heard = len(all)
		for _, h := range all {
			delete(missing, h.ID)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for id := range maps.Keys(missing) {
		t.Errorf("%s was taken and never came", id)
	}
	if taken == 0 || refused.Load() == 0 {
		t.Errorf("%d events were taken and %d refused: nothing was tried", taken, refused.Load())
	}
	t.Logf("%d events were taken, and %d deliveries made; %d were refused", taken, heard, refused.Load())
}
