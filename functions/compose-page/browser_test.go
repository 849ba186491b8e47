package composepage_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page/browsertest"
)

var look = flag.String("look", "", "also keep pictures of the pages in this folder, to look at them")

func TestInABrowser(t *testing.T) {
	b := browsertest.New(t)
	s := filled(t)
	front := httptest.NewServer(fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, s.Function))
	defer front.Close()
	for _, width := range []int{360, 1100} {
		grounds := map[string]bool{}
		for _, scheme := range []string{"light", "dark"} {
			b.Window(width, scheme)
			for path, want := range every() {
				for _, complaint := range b.Open(front.URL + path) {
					// That a page is not there is said by the browser, too.
					if want.code != 404 || !strings.Contains(complaint, "404") {
						t.Errorf("%s at %d, %s: %s", path, width, scheme, complaint)
					}
				}
				if too := b.Tell(browsertest.Wide); too != "" {
					t.Errorf("%s at %d is broader than the window: %s", path, width, too)
				}
				if faint := b.Tell(browsertest.Pale); faint != "" {
					t.Errorf("%s at %d, %s: hard to read: %s", path, width, scheme, faint)
				}
				grounds[scheme+" "+b.Tell(browsertest.Ground)] = true
				if *look != "" {
					b.Picture(filepath.Join(*look, fmt.Sprintf("%s-%d-%s.png", strings.NewReplacer("/", "_", "?", "_").Replace(path), width, scheme)))
				}
			}
		}
		if len(grounds) != 2 {
			t.Errorf("light and dark have the grounds %v", grounds)
		}
	}
}
