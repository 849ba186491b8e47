package statuspage_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fn"
)

var look = flag.String("look", "", "also keep pictures of the pages in this folder, to look at them")

// chromium is a headless browser, spoken to by its DevTools protocol over a
// pipe: JSON messages that end in a zero byte
// (https://chromedevtools.github.io/devtools-protocol/).
type chromium struct {
	t       *testing.T
	to      *os.File
	mu      sync.Mutex
	next    int
	answers map[int]chan message
	events  chan message
	session string
}

type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium here")
	}
	inRead, inWrite, err1 := os.Pipe()
	outRead, outWrite, err2 := os.Pipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	profile, err := os.MkdirTemp("", "chromium") //nolint:usetesting // the browser's helpers write into it a little longer than it lives
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{inRead, outWrite}
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = inRead.Close(), outWrite.Close()
	c := &chromium{t: t, to: inWrite, answers: map[int]chan message{}, events: make(chan message, 10_000)}
	go c.read(outRead)
	t.Cleanup(func() {
		c.session = ""
		_, _ = c.call("Browser.close", nil)
		_ = cmd.Wait()
		cancel()
		_ = os.RemoveAll(profile)
		_, _ = inWrite.Close(), outRead.Close()
	})
	var target struct{ TargetID, SessionID string }
	c.must("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	c.must("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	c.session = target.SessionID
	for _, domain := range []string{"Page", "Log", "Runtime", "Network"} {
		c.must(domain+".enable", nil, nil)
	}
	return c
}

func (c *chromium) read(from *os.File) {
	lines := bufio.NewReader(from)
	for {
		raw, err := lines.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		answer := c.answers[m.ID]
		c.mu.Unlock()
		switch {
		case m.ID != 0 && answer != nil:
			answer <- m
		case m.ID == 0:
			select {
			case c.events <- m:
			default:
			}
		}
	}
}

func (c *chromium) call(method string, params any) (message, error) {
	c.mu.Lock()
	c.next++
	m := message{ID: c.next, Session: c.session, Method: method, Params: params}
	answer := make(chan message, 1)
	c.answers[m.ID] = answer
	c.mu.Unlock()
	raw, err := json.Marshal(m)
	if err == nil {
		_, err = c.to.Write(append(raw, 0))
	}
	if err != nil {
		return m, err
	}
	select {
	case got := <-answer:
		if got.Error != nil {
			return got, fmt.Errorf("%s: %s", method, got.Error)
		}
		return got, nil
	case <-time.After(30 * time.Second):
		return m, fmt.Errorf("%s: no answer", method)
	}
}

func (c *chromium) must(method string, params, into any) {
	c.t.Helper()
	m, err := c.call(method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(m.Result, into)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// open loads a page and gives what the browser complains about.
func (c *chromium) open(address string) (complaints []string) {
	c.t.Helper()
	for len(c.events) > 0 {
		<-c.events
	}
	c.must("Page.navigate", map[string]any{"url": address}, nil)
	for {
		select {
		case e := <-c.events:
			raw, _ := json.Marshal(e.Params)
			switch e.Method {
			case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
				complaints = append(complaints, string(raw))
			case "Page.loadEventFired":
				return complaints
			}
		case <-time.After(30 * time.Second):
			c.t.Fatalf("%s does not load", address)
		}
	}
}

// tell evaluates an expression in the page, as DevTools do; the page's policy
// keeps nobody else from it.
func (c *chromium) tell(expression string) string {
	c.t.Helper()
	var got struct{ Result struct{ Value any } }
	c.must("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
	return fmt.Sprint(got.Result.Value)
}

const (
	// wide names what is broader than the window, and "" if all fits.
	wide = `(() => { const w = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= w) return "";
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > w + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n") || "the page"; })()`
	// pale names texts with less contrast than WCAG 2 asks for, 4.5 to 1.
	pale = `(() => { const rgb = s => s.match(/[\d.]+/g).map(Number);
		const lum = c => { const [r,g,b] = c.slice(0,3).map(v => { v /= 255; return v <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4 }); return .2126*r+.7152*g+.0722*b };
		const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return rgb(getComputedStyle(document.documentElement).getPropertyValue("color-scheme") && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0,0,0)" : "rgb(255,255,255)") };
		return [...document.querySelectorAll("h1,h2,h3,p,td,th,a,dt,dd,li,span,button,code")].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())).filter(e => { const a = lum(rgb(getComputedStyle(e).color)), b = lum(ground(e)); return (Math.max(a,b)+.05)/(Math.min(a,b)+.05) < 4.5 }).slice(0,3).map(e => e.outerHTML.slice(0,120)).join("\n") })()`
	scheme = `getComputedStyle(document.body).backgroundColor`
)

func TestInABrowser(t *testing.T) {
	c := newChromium(t)
	s := filled(t)
	front := httptest.NewServer(fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, s.Function))
	defer front.Close()
	for _, width := range []int{360, 1100} {
		grounds := map[string]bool{}
		for _, light := range []string{"light", "dark"} {
			c.must("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
			c.must("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": light}}}, nil)
			for path := range every() {
				code := s.ask(t, path).Code
				for _, complaint := range c.open(front.URL + path) {
					// That a page is not there is said by the browser, too.
					if code != 404 || !strings.Contains(complaint, "404") {
						t.Errorf("%s at %d, %s: %s", path, width, light, complaint)
					}
				}
				if too := c.tell(wide); too != "" {
					t.Errorf("%s at %d is broader than the window: %s", path, width, too)
				}
				if faint := c.tell(pale); faint != "" {
					t.Errorf("%s at %d, %s: hard to read: %s", path, width, light, faint)
				}
				grounds[light+" "+c.tell(scheme)] = true
				c.picture(fmt.Sprintf("%s-%d-%s", strings.NewReplacer("/", "_", "?", "_").Replace(path), width, light))
			}
		}
		if len(grounds) != 2 {
			t.Errorf("light and dark have the grounds %v", grounds)
		}
	}
	c.keyboard(front.URL)
}

// keyboard searches without a mouse: the first tab stop skips to the content,
// the search box is reached by tabs, and Enter leads to what was looked for.
func (c *chromium) keyboard(front string) {
	c.t.Helper()
	c.open(front + "/")
	press := func(key, text string) {
		params := map[string]any{"type": "keyDown", "key": key, "code": key, "text": text}
		if key == "Tab" {
			params["windowsVirtualKeyCode"] = 9
		}
		if key == "Enter" {
			params["windowsVirtualKeyCode"] = 13
		}
		c.must("Input.dispatchKeyEvent", params, nil)
		c.must("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key}, nil)
	}
	press("Tab", "")
	if got := c.tell(`document.activeElement.className + getComputedStyle(document.activeElement).outlineStyle`); got != "skipsolid" {
		c.t.Errorf("the first tab stop is %s", got)
	}
	for range 3 {
		press("Tab", "")
	}
	if got := c.tell(`document.activeElement.id`); got != "q" {
		c.t.Errorf("the fourth tab stop is %q", got)
	}
	c.must("Input.insertText", map[string]any{"text": "bash#12"}, nil)
	for len(c.events) > 0 {
		<-c.events
	}
	press("Enter", "\r")
	for {
		select {
		case e := <-c.events:
			if e.Method != "Page.loadEventFired" {
				continue
			}
			if got := c.tell(`location.pathname`); got != "/pr/fedora/rpms/bash/12" {
				c.t.Errorf("the search leads to %s", got)
			}
			return
		case <-time.After(20 * time.Second):
			c.t.Fatal("the search leads nowhere")
		}
	}
}

func (c *chromium) picture(name string) {
	c.t.Helper()
	if *look == "" {
		return
	}
	var got struct{ Data []byte }
	c.must("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &got)
	if err := os.WriteFile(filepath.Join(*look, name+".png"), got.Data, 0o600); err != nil {
		c.t.Fatal(err)
	}
}
