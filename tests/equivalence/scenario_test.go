package equivalence

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// scenario is played to both brokers.
type scenario struct {
	manifests []string
	answers   map[string][]answer // of subscribers by name, in turn; the last goes on
	post      []event.Event
	raw       func(t *testing.T, url string) *http.Request // instead of post
	statuses  map[string]int                               // what each side answered to raw is put in here
	// What the facts say: how often each was asked, and, in steps of 100 ms, the
	// least time between the requests somebody got.
	counts map[string]int
	paces  map[string][]int
	// check looks at what one side's subscribers were asked.
	check func(t *testing.T, asked map[string][]asked)
}

const stepOfPace = 100 * time.Millisecond

// play plays it to Knative, then to the local broker, and compares request by
// request what the subscribers were asked.
func (s scenario) play(t *testing.T) {
	t.Helper()
	var sides [2]map[string][]asked
	for i, side := range []string{"Knative", "the local broker"} {
		p := &people{answers: s.answers}
		p.settle()
		start := map[string]func(*testing.T, []string) (string, func()){"Knative": s.startKnative, "the local broker": s.startLocal}[side]
		ingress, settled := start(t, s.manifests)
		for _, e := range s.post {
			post(t, ingress, e)
		}
		if s.raw != nil {
			status := send(t, s.raw(t, ingress))
			if s.statuses != nil {
				s.statuses[side] = status
			}
		}
		settled()
		p.late.Wait()
		if diff := cmp.Diff(s.counts, p.counts()); s.counts != nil && diff != "" {
			t.Errorf("%s asked (-want +got)\n%s", side, diff)
		}
		for name, want := range s.paces {
			got := p.pace(name, stepOfPace)
			for j := range want {
				if j >= len(got) || got[j] < want[j] || got[j] > want[j]+8 {
					t.Errorf("%s: the pace of %s is %v, want %v and not much more", side, name, got, want)
					break
				}
			}
		}
		if s.check != nil {
			s.check(t, p.asked)
		}
		for _, list := range p.asked { // of several triggers, in any order
			slices.SortFunc(list, func(x, y asked) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
		}
		sides[i] = p.asked
	}
	if diff := cmp.Diff(sides[0], sides[1]); diff != "" {
		t.Errorf("what subscribers were asked (-Knative +local broker)\n%s", diff)
	}
}

func post(t *testing.T, ingress string, e event.Event) {
	t.Helper()
	req, err := requestOf(t.Context(), ingress, e)
	must(t, err)
	send(t, req)
}

func requestOf(ctx context.Context, ingress string, e event.Event) (*http.Request, error) {
	return cehttp.NewHTTPRequestFromEvent(ctx, ingress, e)
}

// send posts to an ingress. Knative's answers when all that follows is done, so
// its status is no matter here.
func send(t *testing.T, req *http.Request) int {
	t.Helper()
	resp, err := (&http.Client{Transport: http.DefaultTransport}).Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}

func (s scenario) startKnative(t *testing.T, docs []string) (string, func()) {
	t.Helper()
	knativeBroker(t, docs)
	return brokerURL("b").String(), func() {}
}

func (s scenario) startLocal(t *testing.T, docs []string) (string, func()) {
	t.Helper()
	set, err := manifest.Parse("scenario.yaml", []byte(strings.Join(docs, "---\n")))
	must(t, err)
	client := broker.NewHTTPClient()
	b, err := broker.New(set, broker.Options{Name: "b", Dir: t.TempDir(), Resolve: func(d manifest.Destination) (broker.Subscriber, error) {
		return broker.HTTP{URL: d.Address(), Client: client}, nil
	}})
	must(t, err)
	must(t, b.Start())
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	town.build("local.example", b.Handler())
	return "http://local.example/default/b", func() { must(t, b.Wait(t.Context())) }
}
