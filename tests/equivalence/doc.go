// Package equivalence proves that the local broker means what Knative means:
// the same events, held against the same manifests, are delivered to the same
// subscribers, as often, at the same pace, with the same attributes.
//
// Knative is not imitated here: the tests run its own packages, of the release
// that clusters run. They are a module of their own so that none of it gets
// into distaff.
//
//	cd tests/equivalence && go test ./...
//	go test -run Generated -seed 7 -pairs 200000   # other triggers and events
//
// Filters are held against eventfilter pair by pair. Deliveries are played to
// the data plane of the multi-tenant broker – its ingress, channel and filter
// handlers, joined by HTTP in this process – and to the local broker, with the
// same subscribers at the same addresses, and compared request by request. What
// differs on purpose is in two lists that are tested themselves: differences
// and deliveryDifferences.
//
// The race detector is of no use here: Knative's dispatcher writes to the
// addresses its deliveries share (sanitizeAddressable), which it reports.
package equivalence
