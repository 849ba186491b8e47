package testingfarm

import (
	"encoding/xml"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// reportParser walks the elements, knowing the plan and test it is in.
type reportParser struct {
	base  *url.URL
	out   Report
	path  []string
	begun bool
	suite *Suite
	test  *Test
	// given is how the environment around a value was named: what was
	// provisioned counts more than what was requested.
	given string
	phase string
	text  strings.Builder
}

func (p *reportParser) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		if len(p.path) >= maxDepth {
			return errors.New("elements are nested too deep")
		}
		if len(p.path) == 0 && p.begun {
			return errors.New("there is something after the end")
		}
		p.begun = true
		p.path = append(p.path, t.Name.Local)
		p.text.Reset()
		return p.start(t)
	case xml.EndElement:
		if len(p.path) == 0 || p.path[len(p.path)-1] != t.Name.Local {
			return errors.New("elements are not closed in order")
		}
		p.end(t.Name.Local)
		p.path = p.path[:len(p.path)-1]
	case xml.CharData:
		if p.text.Len() < 4000 {
			p.text.Write(t[:min(len(t), 4000)])
		}
	}
	return nil
}

func (p *reportParser) start(t xml.StartElement) error {
	at := attributes(t)
	switch t.Name.Local {
	case "testsuites":
		p.out.Overall = resultWord(at["overall-result"])
	case "testsuite":
		p.closeSuite()
		if len(p.out.Suites) >= maxSuites {
			return errors.New("there are too many plans")
		}
		p.suite = &Suite{Name: clip(at["name"], 200), Result: resultWord(at["result"]), Stage: clip(at["stage"], 60)}
	case "testcase":
		if len(p.out.Tests) >= maxTests {
			return errors.New("there are too many tests")
		}
		p.openTest(at)
	case "phase":
		p.phase = ""
		if r := resultWord(at["result"]); r == "failed" || r == "error" {
			p.phase = clip(at["name"], 100)
		}
	case "log":
		p.log(at)
	case "failure", "error":
		p.note(at["message"])
	case "testing-environment":
		p.given = at["name"]
	case "property":
		p.property(at["name"], at["value"])
	case "guest":
		if p.test != nil && p.test.Guest == "" {
			p.test.Guest = clip(at["name"], 100)
		}
	}
	return nil
}

func (p *reportParser) end(name string) {
	switch name {
	case "note", "failure", "error":
		if p.direct() {
			p.note(p.text.String())
		}
	case "phase":
		p.phase = ""
	case "testcase":
		p.closeTest()
	case "testsuite":
		p.closeSuite()
	}
	p.text.Reset()
}

// direct tells an element of the test or plan itself from one of its parts,
// which have notes and failures of their own.
func (p *reportParser) direct() bool {
	for i := len(p.path) - 2; i >= 0; i-- {
		switch p.path[i] {
		case "testcase", "testsuite":
			return true
		case "checks", "subresults", "phases":
			return false
		}
	}
	return false
}

func (p *reportParser) openTest(at map[string]string) {
	p.closeTest()
	p.test = &Test{Name: clip(at["name"], 200), Result: resultWord(at["result"])}
	if s, err := strconv.ParseFloat(at["time"], 64); err == nil {
		p.test.Seconds = seconds(s).Seconds()
	}
	if n, err := strconv.Atoi(at["serial-number"]); err == nil && n > 0 {
		p.test.Serial = n
	}
	if p.suite != nil {
		p.test.Plan = p.suite.Name
		p.suite.Tests++
	}
}

func (p *reportParser) closeTest() {
	if p.test == nil {
		return
	}
	p.test.Log = ownLog(p.test.Logs)
	p.out.Tests = append(p.out.Tests, *p.test)
	p.test, p.given = nil, ""
}

func (p *reportParser) closeSuite() {
	p.closeTest()
	if p.suite != nil {
		p.out.Suites = append(p.out.Suites, *p.suite)
		p.suite = nil
	}
}

func (p *reportParser) close() Report {
	p.closeSuite()
	return p.out
}

func (p *reportParser) note(text string) {
	text = clip(text, 300)
	var to *string
	switch {
	case text == "":
		return
	case p.test != nil && p.direct():
		to = &p.test.Note
	case p.test == nil && p.suite != nil && p.direct():
		to = &p.suite.Note
	default:
		return
	}
	if *to == "" {
		*to = text
	} else if strings.Count(*to, "; ") < maxNotes && !strings.Contains(*to, text) {
		*to = clip(*to+"; "+text, 600)
	}
}

func (p *reportParser) log(at map[string]string) {
	l := Log{Name: clip(at["name"], 100), URL: p.resolve(at["href"]), Setup: clip(at["guest-setup-stage"], 60), Phase: p.phase}
	if l.URL == "" {
		return
	}
	switch {
	case p.test != nil && len(p.test.Logs) < maxLogs && !p.below("checks", "subresults"):
		p.test.Logs = append(p.test.Logs, l)
	case p.test == nil && p.suite != nil && len(p.suite.Logs) < maxLogs:
		p.suite.Logs = append(p.suite.Logs, l)
	}
}

func (p *reportParser) below(names ...string) bool {
	for _, at := range p.path {
		for _, name := range names {
			if at == name {
				return true
			}
		}
	}
	return false
}

func (p *reportParser) property(name, value string) {
	if p.test == nil || value == "" || value == "None" {
		return
	}
	switch {
	case name == "arch" && (p.given == "provisioned" || p.test.Arch == ""):
		p.test.Arch = clip(value, 40)
	case name == "baseosci.arch" && p.test.Arch == "":
		p.test.Arch = clip(value, 40)
	}
}

// resolve makes a link absolute; "" for what is no web address.
func (p *reportParser) resolve(href string) string {
	u, err := url.Parse(href)
	if err != nil || href == "" {
		return ""
	}
	if p.base != nil {
		u = p.base.ResolveReference(u)
	}
	if s := u.String(); webAddress(s) {
		return s
	}
	return ""
}

func parseBase(base string) *url.URL {
	if !webAddress(base) {
		return nil
	}
	u, err := url.Parse(strings.TrimRight(base, "/") + "/")
	if err != nil {
		return nil
	}
	return u
}

func attributes(t xml.StartElement) map[string]string {
	at := make(map[string]string, len(t.Attr))
	for _, a := range t.Attr {
		at[a.Name.Local] = a.Value
	}
	return at
}

// resultWord brings tmt's and STI's words to one set.
func resultWord(s string) string {
	switch word := strings.ToLower(clip(s, 40)); word {
	case "pass", "passed":
		return "passed"
	case "fail", "failed":
		return "failed"
	case "warn", "needs_inspection":
		return "needs_inspection"
	case "skip", "skipped", "not_applicable":
		return "skipped"
	case "error", "info", "pending":
		return word
	default:
		return "undefined"
	}
}
