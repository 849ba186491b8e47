package composemake

import (
	"context"
	"errors"
	"strings"

	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/wire"
)

// reasonOf gives the words for why a compose cannot be made, and whether that is
// final. What may pass by itself is not.
func reasonOf(err error) (reason string, final bool) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || koji.Temporary(err) || rpmfile.Temporary(err) {
		return "", false
	}
	var problem *gather.UnmetError
	if errors.As(err, &problem) {
		return problem.Reason, true
	}
	var broken *publish.BrokenError
	if errors.As(err, &broken) {
		return sentence(broken.Error()) + " Have it built or signed again.", true
	}
	var gone *gather.GoneError
	if errors.As(err, &gone) {
		return sentence(gone.Error()) + " Koji lists it, but it was removed.", true
	}
	var missing *koji.MissingError
	var fault *koji.Fault
	if errors.As(err, &missing) || errors.As(err, &fault) {
		return sentence(err.Error()), true
	}
	// So does what may not be asked at all.
	var never interface{ Permanent() bool }
	if errors.As(err, &never) && never.Permanent() {
		return sentence(err.Error()), true
	}
	// A server that says "no" to a question says so again.
	if code := wire.Code(err); code >= 400 && code < 500 {
		return sentence(err.Error()), true
	}
	return "", false
}

func sentence(text string) string {
	text = strings.TrimSuffix(text, ".")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
