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
	const posters, each = 8, 60
	subscriber := hears(t, nil)
	s.with(rabbitTrigger("taken", `rabbitmq.eventing.knative.dev/parallelism: "16"`, `uri: "`+subscriber.URL+`"`,
		"retry: 8, backoffPolicy: exponential, backoffDelay: PT0.1S"))
	var posted, refused atomic.Int64
	var mu sync.Mutex
	missing := map[string]bool{}
	var posting sync.WaitGroup
	for p := range posters {
		posting.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", p, i)
				for ctx.Err() == nil {
					code, err := s.post(ctx, "distaff", "{}", map[string]string{"Id": id, "Source": "/tests", "Type": "tests.taken"})
					if err == nil && code == http.StatusAccepted {
						mu.Lock()
						missing[id] = true
						mu.Unlock()
						break
					}
					refused.Add(1) // its producer tries again, as a function's broker has it do
					time.Sleep(50 * time.Millisecond)
				}
				posted.Add(1)
			}
		})
	}
	for i, part := range []string{"tests-taken-dispatcher", rabbitServer, "distaff-broker-ingress", rabbitServer, "tests-taken-dispatcher"} {
		for posted.Load() < int64(posters*each*(i+1)/7) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		if err := s.restartRabbit(ctx, part); err != nil {
			t.Fatal(err)
		}
	}
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
	if taken != posters*each {
		t.Errorf("%d were taken, and should be %d", taken, posters*each)
	}
	t.Logf("%d events, %d deliveries; %d times the broker took none", taken, heard, refused.Load())
}
