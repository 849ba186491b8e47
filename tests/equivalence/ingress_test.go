package equivalence

import (
	"net/http"
	"strings"
	"testing"
)

// TestTheIngressAnswersTheSame posts what is no event, or hardly one.
func TestTheIngressAnswersTheSame(t *testing.T) {
	binary := map[string]string{"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "a", "Content-Type": "application/json"}
	with := func(name, value string) map[string]string {
		headers := map[string]string{name: value}
		for k, v := range binary {
			if !strings.EqualFold(k, name) {
				headers[k] = v
			} else if value == "" {
				delete(headers, name)
			}
		}
		return headers
	}
	structured := map[string]string{"Content-Type": "application/cloudevents+json"}
	const whole = `{"specversion":"1.0","id":"1","source":"/test","type":"a","attempt":3,"draft":true,"time":"2026-11-21T07:00:00.5+02:00","data":{"x":1}}`
	const here = "/default/b"
	tests := []struct {
		name, method, path string
		headers            map[string]string
		body               string
		want               int // 0: as Knative, whatever that is
	}{
		{"binary", "POST", here, binary, `{"x":1}`, 202},
		{"binary without data", "POST", here, binary, "", 202},
		{"binary with data that is no JSON", "POST", here, binary, "{", 202},
		{"structured", "POST", here, structured, whole, 202},
		{"structured, with a charset", "POST", here, map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}, whole, 202},
		{"structured, base64", "POST", here, structured, `{"specversion":"1.0","id":"1","source":"/test","type":"a","data_base64":"AAE="}`, 202},
		{"an older version", "POST", here, with("ce-specversion", "0.3"), "{}", 202},
		{"a version that is not there", "POST", here, with("ce-specversion", "7.0"), "{}", 400},
		{"no CloudEvent", "POST", here, map[string]string{"Content-Type": "application/json"}, "{}", 400},
		{"without id", "POST", here, with("ce-id", ""), "{}", 400},
		{"without type", "POST", here, with("ce-type", ""), "{}", 400},
		{"without source", "POST", here, with("ce-source", ""), "{}", 400},
		{"a time that is none", "POST", here, with("ce-time", "yesterday"), "{}", 400},
		{"an attribute that is empty", "POST", here, with("ce-empty", " "), "{}", 202},
		{"an attribute in capitals", "POST", here, with("CE-Repo", "rpms/bash"), "{}", 202},
		{"an attribute with a dash", "POST", here, with("ce-my-ext", "x"), "{}", 0},
		{"an attribute beyond ASCII", "POST", here, with("ce-repo", "Müller"), "{}", 202},
		{"a percent sign", "POST", here, with("ce-repo", "a%20b"), "{}", 202},
		{"a time of another zone", "POST", here, with("ce-time", "2026-11-21T07:00:00.5+02:00"), "{}", 202},
		{"a subject that is empty", "POST", here, with("ce-subject", " "), "{}", 0},
		{"broken structured", "POST", here, structured, "{", 400},
		{"structured without id", "POST", here, structured, `{"specversion":"1.0","source":"/test","type":"a"}`, 400},
		{"batch", "POST", here, map[string]string{"Content-Type": "application/cloudevents-batch+json"}, "[" + whole + "]", 400},
		{"the TTL is counted down", "POST", here, with("ce-knativebrokerttl", "7"), "{}", 202},
		{"the last hop", "POST", here, with("ce-knativebrokerttl", "2"), "{}", 202},
		{"one hop too many", "POST", here, with("ce-knativebrokerttl", "1"), "{}", 400},
		{"a TTL below zero", "POST", here, with("ce-knativebrokerttl", "-5"), "{}", 400},
		{"a TTL that is no number is replaced", "POST", here, with("ce-knativebrokerttl", "many"), "{}", 202},
		{"an arrival time is replaced", "POST", here, with("ce-knativearrivaltime", "1999-01-01T00:00:00Z"), "{}", 202},
		{"a slash at the end", "POST", here + "/", binary, "{}", 202},
		{"to nobody", "POST", "/", binary, "{}", 404},
		{"to a broker that is not there", "POST", "/default/other", binary, "{}", 404},
		{"to a broker of another namespace", "POST", "/ci/b", binary, "{}", 404},
		{"below a broker", "POST", here + "/x", binary, "{}", 400},
		{"above a broker", "POST", "/default", binary, "{}", 400},
		{"no event to a broker that is not there", "POST", "/default/other", with("ce-id", ""), "{}", 400},
		{"get", "GET", here, nil, "", 405},
		{"put", "PUT", here, binary, "{}", 405},
		{"the handshake of a web hook", "OPTIONS", here, nil, "", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			statuses := map[string]int{}
			request := func(t *testing.T, ingress string) *http.Request {
				root := strings.TrimSuffix(ingress, "/default/b")
				req, err := http.NewRequestWithContext(t.Context(), tt.method, root+tt.path, strings.NewReader(tt.body))
				must(t, err)
				for name, value := range tt.headers {
					req.Header.Set(name, value)
				}
				return req
			}
			delivered := 0
			if tt.want == 202 {
				delivered = 1
			}
			s := scenario{
				manifests: []string{aBroker, strings.Replace(subscribed("work", "a", "{"+toDead+"}"), "filters: [{exact: {type: a}}]", "filters: [{exact: {id: \"1\"}}]", 1)},
				answers:   map[string][]answer{"work": {{status: 422}}, "dead": ok}, // the letter shows the TTL
				raw:       request, statuses: statuses,
				counts: map[string]int{"work": delivered, "dead": delivered},
			}
			if tt.want == 0 {
				s.counts = nil
			}
			s.play(t)
			if theirs, mine := statuses["Knative"], statuses["the local broker"]; mine != theirs || tt.want != 0 && mine != tt.want {
				t.Errorf("Knative answers %d, the local broker %d, want %d", theirs, mine, tt.want)
			}
		})
	}
}
