package manifest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v3"
)

func (r *reader) delivery(into **Delivery) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		var d Delivery
		var sink Destination
		var most time.Duration
		r.object(n, at, fields{
			"retry":          r.number(&d.Retry),
			"backoffPolicy":  r.oneOf(&d.Policy, "linear", "exponential"),
			"backoffDelay":   r.duration(&d.Delay, 0),
			"timeout":        r.duration(&d.Timeout, 1),
			"retryAfterMax":  func(n *yaml.Node, at string) { r.duration(&most, 0)(n, at); d.RetryAfterMax = &most },
			"format":         r.oneOf(&d.Format, "json", "binary"),
			"deadLetterSink": func(n *yaml.Node, at string) { r.destination(&sink)(n, at); d.DeadLetters = &sink },
		})
		*into = &d
	}
}

// mostPing is the bound Knative's config-ping-defaults leaves open: events
// carry references, not payloads.
const mostPing = 64 << 10

func (r *reader) pingSource(n *yaml.Node, top fields, o *Object, set *Set) {
	p := PingSource{Schedule: "* * * * *"}
	var data, encoded string
	top["spec"] = func(n *yaml.Node, at string) {
		r.object(n, at, fields{
			"schedule":    r.text(&p.Schedule),
			"timezone":    r.text(&p.Timezone),
			"contentType": r.text(&p.ContentType),
			"data":        r.text(&data),
			"dataBase64":  r.text(&encoded),
			"sink":        r.destination(&p.Sink),
			"ceOverrides": func(n *yaml.Node, at string) {
				r.object(n, at, fields{"extensions": r.texts(&p.Extensions)})
			},
		})
	}
	r.object(n, "", top)
	if len(r.errs) > 0 {
		return
	}
	if p.Sink == (Destination{}) {
		r.failAt("spec.sink", "is missing")
	}
	p.Object = *o
	p.Data = r.payload(data, encoded, p.ContentType)
	times, err := parseSchedule(p.Schedule, p.Timezone)
	if err != nil {
		r.failAt("spec.schedule", err.Error())
	}
	p.times = times
	set.PingSources = append(set.PingSources, p)
}

func (r *reader) payload(data, encoded, contentType string) []byte {
	field, payload := "spec.data", []byte(data)
	switch {
	case data != "" && encoded != "":
		r.failAt("spec.dataBase64", "is given beside data: only one of them counts")
		return nil
	case data == "" && encoded == "":
		return nil
	case encoded != "":
		var err error
		field = "spec.dataBase64"
		if payload, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			r.failAt(field, "is not base64")
			return nil
		}
	}
	var object map[string]any
	switch {
	case len(payload) > mostPing:
		r.failAt(field, fmt.Sprintf("is larger than %d bytes", mostPing))
	case contentType == "application/json" && json.Unmarshal(payload, &object) != nil:
		r.failAt(field, "is no JSON object, and contentType says it is")
	}
	return payload
}

// parseSchedule reads five or six fields of cron, or @hourly and its like, as
// Knative's adapter does (pkg/adapter/mtping).
func parseSchedule(schedule, timezone string) (cron.Schedule, error) {
	switch {
	case strings.Contains(schedule, "TZ="):
		return nil, fmt.Errorf("%q: write the time zone into spec.timezone", schedule)
	case strings.Contains(schedule, "@every"):
		return nil, fmt.Errorf("%q: @every is not supported by PingSource", schedule)
	case len(schedule) > 256 || len(timezone) > 64:
		return nil, fmt.Errorf("is too long")
	}
	zone := time.UTC
	if timezone != "" {
		var err error
		if zone, err = time.LoadLocation(timezone); err != nil {
			return nil, fmt.Errorf("time zone %q is not known", timezone)
		}
	}
	times, err := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(schedule)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", schedule, err)
	}
	if fixed, ok := times.(*cron.SpecSchedule); ok {
		fixed.Location = zone
	}
	return times, nil
}
