// Package knative plays distaff on the real Knative Eventing: the manifests as a
// cluster applies them, the functions as the production server, and the systems
// around them as in the local world. README.md says what is real in it.
package knative
