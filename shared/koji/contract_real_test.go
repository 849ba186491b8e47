//go:build realkoji

package koji_test

import (
	"os"
	"testing"
)

// TestARealKojiKeepsTheContract runs the contract against a hub given in the
// environment. It needs a target "rawhide" (build tag "rawhide-build",
// destination "rawhide"), and no builder that takes tasks.
//
//	DISTAFF_KOJI_HUB=http://127.0.0.1:8080 DISTAFF_KOJI_USER=ci \
//	DISTAFF_KOJI_PASSWORD=… go test -tags realkoji ./shared/koji
func TestARealKojiKeepsTheContract(t *testing.T) {
	base := os.Getenv("DISTAFF_KOJI_HUB")
	if base == "" {
		t.Skip("DISTAFF_KOJI_HUB names no hub")
	}
	contract(t, system{
		base: base, user: os.Getenv("DISTAFF_KOJI_USER"), password: os.Getenv("DISTAFF_KOJI_PASSWORD"),
	})
}
