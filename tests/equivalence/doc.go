// Package equivalence proves that the local broker means what Knative means:
// the same events, held against the same manifests, are delivered to the same
// subscribers, as often, at the same pace, with the same attributes.
//
// Knative is not imitated here: the tests run its own packages, of the release
// that clusters run. They are a module of their own so that none of it gets
// into distaff.
package equivalence
