package statuspage_test

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
		for _, light := range []string{"light", "dark"} {
			b.Window(width, light)
			for path := range every() {
				code := s.ask(t, path).Code
				for _, complaint := range b.Open(front.URL + path) {
					// That a page is not there is said by the browser, too.
					if code != 404 || !strings.Contains(complaint, "404") {
						t.Errorf("%s at %d, %s: %s", path, width, light, complaint)
					}
				}
				if too := b.Tell(browsertest.Wide); too != "" {
					t.Errorf("%s at %d is broader than the window: %s", path, width, too)
				}
				if faint := b.Tell(browsertest.Pale); faint != "" {
					t.Errorf("%s at %d, %s: hard to read: %s", path, width, light, faint)
				}
				grounds[light+" "+b.Tell(browsertest.Ground)] = true
				if *look != "" {
					b.Picture(filepath.Join(*look, fmt.Sprintf("%s-%d-%s.png", strings.NewReplacer("/", "_", "?", "_").Replace(path), width, light)))
				}
			}
		}
		if len(grounds) != 2 {
			t.Errorf("light and dark have the grounds %v", grounds)
		}
	}
	keyboard(t, b, front.URL)
}

// keyboard searches without a mouse: the first tab stop skips to the content,
// the search box is reached by tabs, and Enter leads to what was looked for.
func keyboard(t *testing.T, b *browsertest.Browser, front string) {
	t.Helper()
	b.Open(front + "/")
	press := func(key, text string) {
		params := map[string]any{"type": "keyDown", "key": key, "code": key, "text": text}
		if key == "Tab" {
			params["windowsVirtualKeyCode"] = 9
		}
		if key == "Enter" {
			params["windowsVirtualKeyCode"] = 13
		}
		b.Must("Input.dispatchKeyEvent", params, nil)
		b.Must("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key}, nil)
	}
	press("Tab", "")
	if got := b.Tell(`document.activeElement.className + getComputedStyle(document.activeElement).outlineStyle`); got != "skipsolid" {
		t.Errorf("the first tab stop is %s", got)
	}
	for range 3 {
		press("Tab", "")
	}
	if got := b.Tell(`document.activeElement.id`); got != "q" {
		t.Errorf("the fourth tab stop is %q", got)
	}
	b.Must("Input.insertText", map[string]any{"text": "bash#12"}, nil)
	for len(b.Events) > 0 {
		<-b.Events
	}
	press("Enter", "\r")
	for {
		select {
		case e := <-b.Events:
			if e.Method != "Page.loadEventFired" {
				continue
			}
			if got := b.Tell(`location.pathname`); got != "/pr/fedora/rpms/bash/12" {
				t.Errorf("the search leads to %s", got)
			}
			return
		case <-time.After(20 * time.Second):
			t.Fatal("the search leads nowhere")
		}
	}
}
