// Package browsertest looks at pages in a headless Chromium: whether it
// complains, whether they fit the window, and whether they can be read.
package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Browser is a headless Chromium, spoken to by its DevTools protocol over a
// pipe: JSON messages that end in a zero byte
// (https://chromedevtools.github.io/devtools-protocol/).
type Browser struct {
	t       *testing.T
	to      *os.File
	mu      sync.Mutex
	next    int
	answers map[int]chan Message
	Events  chan Message
	session string
}

// Message is one of the protocol: a call, an answer, or an event.
type Message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// New starts a browser, which ends with the test; where there is none, the test
// is skipped.
func New(t *testing.T) *Browser {
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
	c := &Browser{t: t, to: inWrite, answers: map[int]chan Message{}, Events: make(chan Message, 10_000)}
	go c.read(outRead)
	t.Cleanup(func() {
		c.session = ""
		_, _ = c.Call("Browser.close", nil)
		_ = cmd.Wait()
		cancel()
		_ = os.RemoveAll(profile)
		_, _ = inWrite.Close(), outRead.Close()
	})
	var target struct{ TargetID, SessionID string }
	c.Must("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	c.Must("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	c.session = target.SessionID
	for _, domain := range []string{"Page", "Log", "Runtime", "Network"} {
		c.Must(domain+".enable", nil, nil)
	}
	return c
}

func (c *Browser) read(from *os.File) {
	lines := bufio.NewReader(from)
	for {
		raw, err := lines.ReadBytes(0)
		if err != nil {
			return
		}
		var m Message
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
			case c.Events <- m:
			default:
			}
		}
	}
}

// Call calls a method of the DevTools protocol.
func (c *Browser) Call(method string, params any) (Message, error) {
	c.mu.Lock()
	c.next++
	m := Message{ID: c.next, Session: c.session, Method: method, Params: params}
	answer := make(chan Message, 1)
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

// Must is Call of what cannot fail; the answer goes into into, unless it is nil.
func (c *Browser) Must(method string, params, into any) {
	c.t.Helper()
	m, err := c.Call(method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(m.Result, into)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// Open loads a page and gives what the browser complains about.
func (c *Browser) Open(address string) (complaints []string) {
	c.t.Helper()
	for len(c.Events) > 0 {
		<-c.Events
	}
	c.Must("Page.navigate", map[string]any{"url": address}, nil)
	for {
		select {
		case e := <-c.Events:
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

// Tell evaluates an expression in the page, as DevTools do; the page's policy
// keeps nobody else from it.
func (c *Browser) Tell(expression string) string {
	c.t.Helper()
	var got struct{ Result struct{ Value any } }
	c.Must("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
	return fmt.Sprint(got.Result.Value)
}

// What pages are asked, with Tell.
const (
	// Wide names what is broader than the window, and "" if all fits.
	Wide = `(() => { const w = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= w) return "";
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > w + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n") || "the page"; })()`
	// Pale names texts with less contrast than WCAG 2 asks for, 4.5 to 1.
	Pale = `(() => { const rgb = s => s.match(/[\d.]+/g).map(Number);
		const lum = c => { const [r,g,b] = c.slice(0,3).map(v => { v /= 255; return v <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4 }); return .2126*r+.7152*g+.0722*b };
		const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return rgb(getComputedStyle(document.documentElement).getPropertyValue("color-scheme") && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0,0,0)" : "rgb(255,255,255)") };
		return [...document.querySelectorAll("h1,h2,h3,p,td,th,a,dt,dd,li,span,button,code")].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())).filter(e => { const a = lum(rgb(getComputedStyle(e).color)), b = lum(ground(e)); return (Math.max(a,b)+.05)/(Math.min(a,b)+.05) < 4.5 }).slice(0,3).map(e => e.outerHTML.slice(0,120)).join("\n") })()`
	// Ground is the colour behind everything.
	Ground = `getComputedStyle(document.body).backgroundColor`
)

// Window sets the width of the window, and whether it is "light" or "dark".
func (c *Browser) Window(width int, scheme string) {
	c.t.Helper()
	c.Must("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	c.Must("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Picture writes what is to be seen of the page, all of it, to a PNG file.
func (c *Browser) Picture(file string) {
	c.t.Helper()
	var got struct{ Data []byte }
	c.Must("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &got)
	if err := os.WriteFile(file, got.Data, 0o600); err != nil {
		c.t.Fatal(err)
	}
}
