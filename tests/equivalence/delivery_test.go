package equivalence

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
)

const aBroker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: b}
spec: {delivery: {retry: 0}}
`

// subscribed is a Trigger for a type, to a Service of its name.
func subscribed(name, kind, delivery string) string {
	text := `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: ` + name + `}
spec:
  broker: b
  filters: [{exact: {type: ` + kind + `}}]
  subscriber: {ref: {apiVersion: v1, kind: Service, name: ` + name + `}}
`
	if delivery != "" {
		text += "  delivery: " + delivery + "\n"
	}
	return text
}

const toDead = "deadLetterSink: {ref: {apiVersion: v1, kind: Service, name: dead}}"

func said(id, kind string) event.Event {
	e := event.New()
	e.SetID(id)
	e.SetSource("/test")
	e.SetType(kind)
	e.SetSubject("rpms/bash#7")
	e.SetExtension("attempt", 3)
	e.SetExtension("draft", true)
	_ = e.SetData("application/json", []byte(`{"nvr":"bash-5.3-1"}`))
	return e
}

func reply(id, kind string) *event.Event {
	e := said(id, kind)
	return &e
}

var ok = []answer{{status: 202}}

func TestDeliveriesAreTheSame(t *testing.T) {
	busy := answer{status: 503, header: map[string]string{"Retry-After": "1"}, body: "later"}
	one := func(delivery string) []string { return []string{aBroker, subscribed("work", "a", delivery)} }
	letters := func(status string, body string) func(*testing.T, map[string][]asked) {
		return func(t *testing.T, asked map[string][]asked) {
			for _, letter := range asked["dead"] {
				want := map[string]string{"Ce-Knativeerrordest": "http://work.default.svc.cluster.local", "Ce-Knativeerrorcode": status, "Ce-Knativeerrordata": base64.StdEncoding.EncodeToString([]byte(body))}
				if status == "" {
					want = map[string]string{}
				}
				got := map[string]string{}
				for name, value := range letter.Header {
					if strings.HasPrefix(name, "Ce-Knativeerror") {
						got[name] = value
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error("the dead letter", diff)
				}
				if letter.Header["Ce-Knativebrokerttl"] != "255" {
					t.Error("the dead letter has no TTL")
				}
			}
		}
	}
	tests := map[string]scenario{
		"an event arrives": {
			manifests: one(""), answers: map[string][]answer{"work": ok}, counts: map[string]int{"work": 1},
			check: func(t *testing.T, asked map[string][]asked) {
				got := asked["work"][0]
				want := map[string]string{
					"Ce-Id": "1", "Ce-Source": "/test", "Ce-Type": "a", "Ce-Specversion": "1.0", "Ce-Subject": "rpms/bash#7", "Ce-Attempt": "3", "Ce-Draft": "true",
					"Content-Type": "application/json", "Prefer": "reply", "Ce-Knativearrivaltime": "a time",
				}
				if diff := cmp.Diff(want, got.Header); diff != "" || got.Body != `{"nvr":"bash-5.3-1"}` || got.Path != "/" {
					t.Error(got.Path, got.Body, diff)
				}
			},
		},
		"linear: the first retry is at once": {
			manifests: one("{retry: 3, backoffPolicy: linear, backoffDelay: PT0.2S, " + toDead + "}"),
			answers:   map[string][]answer{"work": {{status: 500, body: "boom"}}, "dead": ok},
			counts:    map[string]int{"work": 4, "dead": 1}, paces: map[string][]int{"work": {0, 2, 4}}, check: letters("500", "boom"),
		},
		"exponential": {
			manifests: one("{retry: 3, backoffPolicy: exponential, backoffDelay: PT0.1S, " + toDead + "}"),
			answers:   map[string][]answer{"work": {{status: 503}}, "dead": ok},
			counts:    map[string]int{"work": 4, "dead": 1}, paces: map[string][]int{"work": {1, 2, 4}}, check: letters("503", ""),
		},
		"a retry that helps": {
			manifests: one("{retry: 3, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 500}, {status: 404}, {status: 200}}, "dead": ok},
			counts: map[string]int{"work": 3, "dead": 0},
		},
		"no retry, no dead letter sink: the event is lost": {
			manifests: one("{}"), answers: map[string][]answer{"work": {{status: 500}}}, counts: map[string]int{"work": 1},
		},
		"a trigger without delivery has the broker's": {
			manifests: []string{strings.Replace(aBroker, "retry: 0", "retry: 1, "+toDead, 1), subscribed("work", "a", "")},
			answers:   map[string][]answer{"work": {{status: 500}}, "dead": ok}, counts: map[string]int{"work": 2, "dead": 1}, check: letters("500", ""),
		},
		"a trigger's delivery replaces the broker's, but for the dead letter sink": {
			manifests: []string{strings.Replace(aBroker, "retry: 0", "retry: 4, "+toDead, 1), subscribed("work", "a", "{retry: 1}")},
			answers:   map[string][]answer{"work": {{status: 500}}, "dead": ok}, counts: map[string]int{"work": 2, "dead": 1},
		},
		"an empty delivery of a trigger is no retry": {
			manifests: []string{strings.Replace(aBroker, "retry: 0", "retry: 4, "+toDead, 1), subscribed("work", "a", "{}")},
			answers:   map[string][]answer{"work": {{status: 500}}, "dead": ok}, counts: map[string]int{"work": 1, "dead": 1},
		},
		"an answer that is no event is a failure, tried again, and the letter does not say why": {
			manifests: one("{retry: 1, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 200, body: "ok"}}, "dead": ok},
			counts: map[string]int{"work": 2, "dead": 1}, check: letters("", ""),
		},
		"an answer that is a broken event is a failure": {
			manifests: one("{retry: 1, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 200, header: map[string]string{"Ce-Specversion": "1.0", "Ce-Time": "yesterday"}}}, "dead": ok},
			counts: map[string]int{"work": 2, "dead": 1}, check: letters("", ""),
		},
		"a reply comes back to the broker": {
			manifests: []string{aBroker, subscribed("work", "a", ""), subscribed("report", "b", "")},
			answers:   map[string][]answer{"work": {{reply: reply("2", "b")}}, "report": ok}, counts: map[string]int{"work": 1, "report": 1},
		},
		"a reply with another good status": {
			manifests: []string{aBroker, subscribed("work", "a", ""), subscribed("report", "b", "")},
			answers:   map[string][]answer{"work": {{status: 201, reply: reply("2", "b")}}, "report": ok}, counts: map[string]int{"work": 1, "report": 1},
		},
		"a reply with a bad status is a failure": {
			manifests: []string{aBroker, subscribed("work", "a", ""), subscribed("report", "b", "")},
			answers:   map[string][]answer{"work": {{status: 422, reply: reply("2", "b")}}, "report": ok}, counts: map[string]int{"work": 1, "report": 0},
		},
		"a reply that is not valid sends the original to the dead letters": {
			manifests: one("{retry: 2, " + toDead + "}"),
			answers:   map[string][]answer{"work": {{status: 200, header: map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "2", "Ce-Source": "/x"}}}, "dead": ok}, counts: map[string]int{"work": 1, "dead": 1},
		},
		"no connection": {
			manifests: []string{aBroker, strings.Replace(subscribed("work", "a", "{retry: 1, "+toDead+"}"), "name: work}}", "name: nobody}}", 1)},
			answers:   map[string][]answer{"dead": ok}, counts: map[string]int{"dead": 1},
		},
		"a connection that ends without an answer": {
			manifests: one("{retry: 1, " + toDead + "}"), answers: map[string][]answer{"work": {{drop: true}}, "dead": ok},
			counts: map[string]int{"work": 2, "dead": 1},
		},
		"a timeout is retried and overlaps, and the letter does not say why": {
			manifests: one("{retry: 1, timeout: PT0.5S, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 200, wait: 1500 * time.Millisecond}}, "dead": ok},
			counts: map[string]int{"work": 2, "dead": 1}, paces: map[string][]int{"work": {5}}, check: letters("", ""),
		},
		"Retry-After counts with retryAfterMax": {
			manifests: one("{retry: 1, backoffPolicy: linear, backoffDelay: PT0.1S, retryAfterMax: PT10S}"), answers: map[string][]answer{"work": {busy, {status: 200}}},
			counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {10}},
		},
		"Retry-After is cut": {
			manifests: one("{retry: 1, retryAfterMax: PT0.2S}"), answers: map[string][]answer{"work": {busy, {status: 200}}},
			counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {2}},
		},
		"Retry-After counts for nothing without retryAfterMax": {
			manifests: one("{retry: 1}"), answers: map[string][]answer{"work": {busy, {status: 200}}},
			counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {0}},
		},
		"Retry-After as a date": {
			manifests: one("{retry: 1, retryAfterMax: PT0.2S}"), counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {2}},
			answers: map[string][]answer{"work": {{status: 429, header: map[string]string{"Retry-After": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}, {status: 200}}},
		},
		"Retry-After as a date that is gone": {
			manifests: one("{retry: 1, retryAfterMax: PT5S}"), counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {0}},
			answers: map[string][]answer{"work": {{status: 429, header: map[string]string{"Retry-After": time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}}, {status: 200}}},
		},
		"Retry-After that says nothing": {
			manifests: one("{retry: 2, retryAfterMax: PT5S}"), counts: map[string]int{"work": 3}, paces: map[string][]int{"work": {0, 0}},
			answers: map[string][]answer{"work": {{status: 429, header: map[string]string{"Retry-After": "soon"}}, {status: 429, header: map[string]string{"Retry-After": "-5"}}, {status: 200}}},
		},
		"Retry-After of another status": {
			manifests: one("{retry: 1, retryAfterMax: PT10S}"), answers: map[string][]answer{"work": {{status: 500, header: busy.header}, {status: 200}}},
			counts: map[string]int{"work": 2}, paces: map[string][]int{"work": {0}},
		},
		"a dead letter sink is tried again by the same rules": {
			manifests: one("{retry: 2, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 400, body: "never"}}, "dead": {{status: 500}}},
			counts: map[string]int{"work": 1, "dead": 3}, check: letters("400", "never"),
		},
		"a dead letter sink may answer what it likes": {
			manifests: one("{retry: 2, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 400}}, "dead": {{status: 200, body: "thanks"}}},
			counts: map[string]int{"work": 1, "dead": 1},
		},
		"a reply of a dead letter sink is nobody's": {
			manifests: []string{aBroker, subscribed("work", "a", "{"+toDead+"}"), subscribed("report", "b", "")},
			answers:   map[string][]answer{"work": {{status: 400}}, "dead": {{reply: reply("2", "b")}}, "report": ok}, counts: map[string]int{"work": 1, "dead": 1, "report": 0},
		},
		"structured mode, when the trigger says so": {
			manifests: one("{format: json, " + toDead + "}"), answers: map[string][]answer{"work": {{status: 400}}, "dead": ok}, counts: map[string]int{"work": 1, "dead": 1},
		},
		"structured mode, when only the broker says so, is not used": {
			manifests: []string{strings.Replace(aBroker, "retry: 0", "format: json", 1), subscribed("work", "a", "")},
			answers:   map[string][]answer{"work": ok}, counts: map[string]int{"work": 1},
		},
		"a path at the subscriber": {
			manifests: []string{aBroker, strings.Replace(subscribed("work", "a", ""), "name: work}}", "name: work}, uri: /clock-tick}", 1)},
			answers:   map[string][]answer{"work": ok}, counts: map[string]int{"work": 1},
		},
		"a path at the subscriber, without a slash and with a question": {
			manifests: []string{aBroker, strings.Replace(subscribed("work", "a", ""), "name: work}}", "name: work}, uri: \"clock-tick/now?x=1\"}", 1)},
			answers:   map[string][]answer{"work": ok}, counts: map[string]int{"work": 1},
		},
		"a redirect is followed": {
			manifests: one("{retry: 1, " + toDead + "}"),
			answers:   map[string][]answer{"work": {{status: http.StatusTemporaryRedirect, header: map[string]string{"Location": "http://other.default.svc.cluster.local/x"}}}, "other": ok, "dead": ok},
			counts:    map[string]int{"work": 1, "other": 1, "dead": 0},
		},
		"a redirect of the older kind loses the event on its way": {
			manifests: one("{retry: 1, " + toDead + "}"),
			answers:   map[string][]answer{"work": {{status: http.StatusFound, header: map[string]string{"Location": "http://other.default.svc.cluster.local/x"}}}, "other": ok, "dead": ok},
			counts:    map[string]int{"work": 1, "other": 1, "dead": 0},
			check: func(t *testing.T, asked map[string][]asked) {
				if got := asked["other"][0]; got.Method != http.MethodGet || got.Body != "" {
					t.Error("the redirected request is", got)
				}
			},
		},
		"a redirect to nowhere is a refusal": {
			manifests: one("{retry: 1, " + toDead + "}"), answers: map[string][]answer{"work": {{status: http.StatusNotModified}}, "dead": ok},
			counts: map[string]int{"work": 1, "dead": 1}, check: letters("", ""),
		},
		"numbers and booleans are text to a trigger's attributes": {
			manifests: []string{aBroker, strings.Replace(subscribed("work", "a", ""), "filters: [{exact: {type: a}}]", "filter: {attributes: {attempt: \"3\", draft: \"true\"}}", 1)},
			answers:   map[string][]answer{"work": ok}, counts: map[string]int{"work": 1},
		},
		"a boolean alone is no CESQL condition": {
			manifests: []string{aBroker, strings.Replace(subscribed("work", "a", ""), "exact: {type: a}", "cesql: draft", 1)},
			answers:   map[string][]answer{"work": ok}, counts: map[string]int{"work": 0},
		},
		"an event is handed on to another broker, with a full count of hops": {
			manifests: []string{
				aBroker, strings.Replace(aBroker, "name: b", "name: ci", 1),
				strings.Replace(subscribed("to-ci", "a", "{retry: 1}"), "apiVersion: v1, kind: Service, name: to-ci", "apiVersion: eventing.knative.dev/v1, kind: Broker, name: ci", 1),
				strings.Replace(subscribed("work", "a", "{"+toDead+"}"), "broker: b", "broker: ci", 1), subscribed("here", "a", ""),
			},
			answers: map[string][]answer{"work": {{status: 422, body: "no"}}, "here": ok, "dead": ok}, counts: map[string]int{"work": 1, "here": 1, "dead": 1}, check: letters("422", "no"),
		},
	}
	for _, status := range []int{400, 401, 403, 405, 410, 413, 415, 422, 451, 499} {
		tests["not tried again: "+http.StatusText(status)+" "+string(rune('0'+status%10))] = scenario{
			manifests: one("{retry: 2, " + toDead + "}"), answers: map[string][]answer{"work": {{status: status, body: "no"}}, "dead": ok},
			counts: map[string]int{"work": 1, "dead": 1},
		}
	}
	for _, status := range []int{404, 408, 409, 429, 500, 501, 502, 503, 504, 511, 599} {
		tests["tried again: "+http.StatusText(status)] = scenario{
			manifests: one("{retry: 2, " + toDead + "}"), answers: map[string][]answer{"work": {{status: status, body: "no"}}, "dead": ok},
			counts: map[string]int{"work": 3, "dead": 1},
		}
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			s.post = []event.Event{said("1", "a")}
			s.play(t)
		})
	}
}
