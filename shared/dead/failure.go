package dead

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
)

// The attributes a Knative broker gives a dead letter
// (https://knative.dev/docs/eventing/event-delivery/). There are none after a
// timeout, after an answer 200 that was no event, and after a 404 of the
// broker's own filter.
const (
	errorDest = "knativeerrordest"
	errorCode = "knativeerrorcode"
	errorData = "knativeerrordata"
)

// NoError is said of a letter that came without a reason.
const NoError = "no error was given: the handler took longer than the Trigger's timeout, nobody answered at its address, the Trigger was deleted meanwhile, or it answered 200 with words where an empty answer or an event was due"

// Failure is why an event could not be delivered.
type Failure struct {
	// To is the function, or the Trigger if only that is known; empty where
	// nobody knows.
	To string `json:"to,omitempty"`
	// Trigger is whose delivery failed, where that is known.
	Trigger string `json:"trigger,omitempty"`
	// Address is where it was posted to.
	Address string `json:"address,omitempty"`
	Code    int    `json:"code,omitempty"`
	// Text is what was answered, without secrets. It may be cut.
	Text string `json:"text,omitempty"`
}

// FailureOf reads why e failed.
func FailureOf(e event.Event) Failure {
	f := Failure{
		Trigger: event.Extension(e, TriggerAttribute),
		Address: address(event.Extension(e, errorDest)),
		Text:    Hide(decode(event.Extension(e, errorData))),
	}
	f.Code, _ = strconv.Atoi(event.Extension(e, errorCode))
	f.To = function(f.Address)
	if f.To == "" {
		f.To = f.Trigger
	}
	return f
}

// Line is the failure in one line.
func (f Failure) Line() string {
	for line := range strings.Lines(f.Text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	switch {
	case f.Code == 0 && f.Address == "":
		return NoError
	case f.Code == 0:
		return "no answer came, or none that was told"
	}
	return "answered " + strconv.Itoa(f.Code) + " without words"
}

// decode reads base64 that may have been cut in the middle.
func decode(data string) string {
	data = strings.TrimRight(data, "=")
	raw, err := base64.RawStdEncoding.DecodeString(data[:len(data)-len(data)%4])
	if err == nil && len(data)%4 > 1 {
		var rest []byte
		rest, err = base64.RawStdEncoding.DecodeString(data[len(data)-len(data)%4:])
		raw = append(raw, rest...)
	}
	if err != nil {
		return data // somebody's own words, not encoded
	}
	return strings.ToValidUTF8(string(raw), "?")
}

// address gives an address without what may be secret in it.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return clean.String()
}

// function is the function behind an address: the first part of the path where
// several share a Service, else the Service; nothing where the host is a number. What was to be handed over to
// another broker has "broker-" and its name.
func function(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "" // a number names nobody
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	service, _, _ := strings.Cut(u.Hostname(), ".")
	broker := strings.HasSuffix(service, "broker-ingress")
	switch {
	case broker && len(path) == 2:
		return "broker-" + path[1]
	case broker:
		return "broker-" + strings.TrimSuffix(strings.TrimSuffix(service, "broker-ingress"), "-")
	case path[0] != "":
		return path[0]
	}
	return service
}

// clean puts the reason without secrets into e.
func clean(e *event.Event, f Failure) {
	for _, name := range []string{errorDest, errorData} {
		if event.Extension(*e, name) == "" {
			continue
		}
		value := f.Address
		if name == errorData {
			value = base64.StdEncoding.EncodeToString([]byte(f.Text))
		}
		if value == "" {
			value = "-" // no attribute may be empty
		}
		e.SetExtension(name, value)
	}
}
