package equivalence

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"sigs.k8s.io/yaml"
)

// TestGeneratedDeliveriesAreTheSame plays generated scenarios: two triggers
// with deliveries of all kinds, whose subscribers answer all kinds of things,
// and a third that may hear a reply and takes it: with a channel that answers
// only when all is done, as here, Knative would repeat a reply that fails later,
// which a broker that keeps events does not.
func TestGeneratedDeliveriesAreTheSame(t *testing.T) {
	for n := range 150 {
		g := generator{rand.New(rand.NewPCG(*seed, uint64(n)))}
		s := g.scenario()
		ok := t.Run(fmt.Sprint(n), s.play)
		if !ok {
			answers, _ := yaml.Marshal(fmt.Sprintf("%+v", s.answers))
			t.Fatalf("with -seed %d, scenario %d:\n%s\n%s", *seed, n, s.manifests, answers)
		}
	}
}

func (g generator) scenario() scenario {
	broker := aBroker[:len(aBroker)-len("spec: {delivery: {retry: 0}}\n")]
	if g.IntN(4) > 0 {
		broker += "spec: {delivery: " + g.delivery() + "}\n"
	} else {
		broker += "spec: {delivery: {backoffPolicy: linear, backoffDelay: PT0S}}\n"
	}
	s := scenario{manifests: []string{broker}, answers: map[string][]answer{"dead": g.answers(1), "report": ok}}
	for _, name := range []string{"work", "other"} {
		delivery := ""
		if g.IntN(3) > 0 {
			delivery = g.delivery()
		}
		s.manifests = append(s.manifests, subscribed(name, "a", delivery))
		s.answers[name] = g.answers(4)
	}
	s.manifests = append(s.manifests, subscribed("report", "b", "{retry: 1}"))
	s.post = []event.Event{said("1", "a")}
	return s
}

func (g generator) delivery() string {
	text := fmt.Sprintf("{retry: %d", g.IntN(4))
	if g.IntN(2) == 0 {
		text += ", backoffPolicy: " + g.one([]string{"linear", "exponential"}) + ", backoffDelay: PT0.005S"
	}
	if g.IntN(2) == 0 {
		text += ", " + toDead
	}
	if g.IntN(4) == 0 {
		text += ", format: " + g.one([]string{"json", "binary"})
	}
	if g.IntN(4) == 0 {
		text += ", retryAfterMax: PT0.01S"
	}
	return text + "}"
}

func (g generator) answers(most int) []answer {
	statuses := []int{200, 202, 204, 304, 400, 404, 408, 409, 410, 422, 429, 500, 502, 503}
	var list []answer
	for range 1 + g.IntN(most) {
		a := answer{status: statuses[g.IntN(len(statuses))]}
		switch g.IntN(8) {
		case 0:
			a.body = "words"
		case 1:
			a = answer{reply: reply("2", "b")}
		case 2:
			a = answer{reply: reply("3", "unheard"), status: 201}
		case 3:
			a = answer{drop: true}
		case 4:
			a.header = map[string]string{"Retry-After": "7"}
		case 5:
			a = answer{status: 200, header: map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "4"}}
		}
		if a.status == 204 || a.status == 304 {
			a.body = ""
		}
		list = append(list, a)
	}
	return list
}
