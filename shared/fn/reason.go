package fn

import "strings"

// ReasonMost is how much may be answered of why an event was not dealt with, in
// bytes. The broker puts it into the dead letter in base64, and Knative's
// dispatcher (v0.49.2, pkg/kncloudevents) panics outside of any recover when
// that is longer than 1024: the channel's process ends, and with it every
// delivery under way. tests/equivalence shows it.
const ReasonMost = 768

// Reason is what is answered of an error: its words, cut at ReasonMost.
func Reason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), ReasonMost)], "")
}
