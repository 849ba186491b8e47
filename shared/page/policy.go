package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"sync"
)

//nolint:gochecknoglobals // constant data: a compiled expression
var style = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<style>(.*?)</style>`) })

// Policy is the Content-Security-Policy a page is to be served with: nothing
// but its own style sheet, pictures and forms of its own origin.
func Policy[Text ~string | ~[]byte](html Text) string {
	allowed := "'none'"
	if m := style().FindSubmatch([]byte(html)); m != nil {
		sum := sha256.Sum256(m[1])
		allowed = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + allowed + "; img-src 'self'; form-action 'self'; base-uri 'none'"
}

// Version changes with the look of the pages.
//
//nolint:gochecknoglobals // constant data: a hash of the embedded files
var Version = sync.OnceValue(func() string {
	sum := sha256.New()
	entries, _ := files.ReadDir(".") // embedded
	for _, e := range entries {
		raw, _ := files.ReadFile(e.Name())
		_, _ = sum.Write(raw)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
})
