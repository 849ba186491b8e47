package knative

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// kills is how often a part of the data plane is ended in one play.
const kills = 10

func TestTheOutcomeIsTheSameWhenTheDataPlaneIsKilledTenTimes(t *testing.T) {
	s := onStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	over := s.killers(ctx, chance(t), killing{600, cluster.DataPlane, s.restart})
	real := s.play().story(ctx, "killed")
	t.Logf("killed: %q", over())
	local := onLocalBroker(t).story(ctx, "killed")
	if diff := cmp.Diff(local, real); diff != "" {
		t.Errorf("-local +Knative\n%s", diff)
	}
}

// chance is told with its seed, and the same with -seed.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := *seeded; text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("-seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// killing is what is ended, and how.
type killing struct {
	// requests are passed by the router in a play, or more.
	requests int64
	parts    func() []string
	restart  func(ctx context.Context, part string) error
}

// killers end parts of the data plane at random moments of what follows, and
// start them again as the kubelet would. A moment is a number of requests that
// have passed, so that it is always one at which something happens. The function
// that is returned waits until all are up, and tells what was ended.
func (s *stage) killers(ctx context.Context, random *rand.Rand, what killing) (over func() []string) {
	var moments []int64
	for range kills {
		moments = append(moments, s.cluster.Router.Passed()+1+random.Int64N(what.requests))
	}
	slices.Sort(moments)
	var ended []string
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for _, moment := range moments {
			for s.cluster.Router.Passed() < moment {
				select {
				case <-ticker.C:
				case <-stop:
					return
				case <-ctx.Done():
					return
				}
			}
			parts := what.parts()
			name := parts[random.IntN(len(parts))]
			if err := what.restart(ctx, name); err != nil {
				s.t.Error(err)
				return
			}
			ended = append(ended, name)
		}
	}()
	return func() []string {
		close(stop)
		<-done
		if len(ended) < kills {
			s.t.Errorf("only %d were killed: the play was too short", len(ended))
		}
		return ended
	}
}

// restart ends a part of the data plane as a power cut would, starts it again, and
// returns when every broker takes events.
func (s *stage) restart(ctx context.Context, name string) error {
	s.mending.Store(true)
	defer s.mending.Store(false)
	p := s.cluster.Process(name)
	p.Kill()
	if err := p.Start(); err != nil {
		return err
	}
	if err := s.cluster.Healthy(ctx); err != nil {
		return err
	}
	return s.taking(ctx)
}

// taking returns when every broker takes an event, one that nobody hears.
func (s *stage) taking(ctx context.Context) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for _, o := range ofKind(s.objects, "Broker") {
		for {
			code, err := s.post(ctx, o.GetName(), "{}", map[string]string{"Id": "probe", "Source": "/tests", "Type": "tests.probe"})
			if err == nil && code/100 == 2 {
				break
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return fmt.Errorf("wait until %s takes events: %w; it answers %d, %w", o.GetName(), ctx.Err(), code, err)
			}
		}
	}
	return nil
}
