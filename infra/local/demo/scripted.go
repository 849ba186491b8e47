package demo

import (
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// scripted lets every build and test pass at once, without doing any.
type scripted struct {
	kojitest.Script
	testingfarmtest.Scripted
}
