package knative

import "testing"

func TestUp(t *testing.T) {
	up(t)
}
