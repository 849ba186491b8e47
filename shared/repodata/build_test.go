package repodata_test

import "testing"

func builtRPMs(t testing.TB) string { t.Helper(); t.Skip("later"); return "" }
