package composemake

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose/gather"
)

func (r *making) startLocked(context.Context) (bool, error) {
	return false, &gather.UnmetError{Reason: "A locked list cannot be composed yet."}
}
