//go:build tools

package knative

// Modules whose stock manifests are installed, so that go.mod names them.
import (
	_ "knative.dev/eventing/pkg/apis/eventing/v1"
	_ "knative.dev/serving/pkg/apis/serving/v1"
)
