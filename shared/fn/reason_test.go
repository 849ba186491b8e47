package fn_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/fn"
)

func TestAReasonFitsIntoADeadLetter(t *testing.T) {
	for _, text := range []string{"no such tag", strings.Repeat("x", 5000), "x" + strings.Repeat("ü", 5000)} {
		got := fn.Reason(errors.New(text))
		if !strings.HasPrefix(text, got) || base64.StdEncoding.EncodedLen(len(got)) > 1024 || len(text) < 700 && got != text {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	}
}
