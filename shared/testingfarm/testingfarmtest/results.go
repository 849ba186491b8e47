package testingfarmtest

import (
	"encoding/xml"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The elements of results.xml, in the order the real one writes them.
type (
	xmlSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Overall string     `xml:"overall-result,attr"`
		Props   []xmlProp  `xml:"properties>property"`
		Suites  []xmlSuite `xml:"testsuite"`
	}
	xmlProp struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	xmlLog struct {
		Href  string `xml:"href,attr"`
		Name  string `xml:"name,attr"`
		Entry string `xml:"schedule-entry,attr,omitempty"`
		Stage string `xml:"schedule-stage,attr,omitempty"`
	}
	xmlSuite struct {
		Name   string    `xml:"name,attr"`
		Result string    `xml:"result,attr"`
		Tests  int       `xml:"tests,attr"`
		Stage  string    `xml:"stage,attr"`
		Logs   []xmlLog  `xml:"logs>log"`
		Props  []xmlProp `xml:"properties>property"`
		Cases  []xmlCase `xml:"testcase"`
	}
	xmlCase struct {
		Name    string    `xml:"name,attr"`
		Result  string    `xml:"result,attr"`
		Time    string    `xml:"time,attr"`
		Serial  int       `xml:"serial-number,attr"`
		Notes   []string  `xml:"note"`
		Logs    []xmlLog  `xml:"logs>log"`
		Failure *struct{} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Env     xmlEnv    `xml:"testing-environment"`
	}
	xmlEnv struct {
		Name  string    `xml:"name,attr"`
		Props []xmlProp `xml:"property"`
	}
)

// writeResults writes the tests' logs and results.xml into the job's folder,
// laid out as the real one does.
func writeResults(job Job, v Verdict) error {
	plan := job.Plan
	if plan == "" {
		plan = "/" + string(job.Check)
	}
	work := "work-" + strings.Trim(strings.ReplaceAll(plan, "/", "-"), "-")
	suite := xmlSuite{
		Name: plan, Result: v.Overall, Tests: len(v.Tests), Stage: "complete",
		Logs:  []xmlLog{{Href: work, Name: "workdir"}, {Href: "pipeline.log", Name: "pipeline.log"}},
		Props: []xmlProp{{"baseosci.result", v.Overall}},
	}
	if err := os.MkdirAll(filepath.Join(job.Dir, work), 0o755); err != nil {
		return err
	}
	for i, t := range v.Tests {
		if t.Log == "" {
			t.Log = path.Join(work, plan, "execute/data/guest/default-0", path.Clean("/"+t.Name)+"-"+strconv.Itoa(i+1), "output.txt")
			full := filepath.Join(job.Dir, filepath.FromSlash(t.Log))
			err := os.MkdirAll(filepath.Dir(full), 0o755)
			if err = errors.Join(err, os.WriteFile(full, []byte(t.Output), 0o644)); err != nil {
				return err
			}
		}
		c := xmlCase{
			Name: t.Name, Result: t.Result, Time: strconv.FormatFloat(t.Took.Seconds(), 'f', 2, 64), Serial: i + 1, Notes: t.Notes,
			Logs: []xmlLog{
				{path.Dir(t.Log), "log_dir", plan, "running"},
				{t.Log, "testout.log", plan, "running"},
			},
			Env: xmlEnv{Name: "provisioned", Props: []xmlProp{{"arch", job.Arch}, {"compose", job.Compose}}},
		}
		switch t.Result {
		case "failed":
			c.Failure = &struct{}{}
		case "error":
			c.Error = &struct{}{}
		}
		suite.Cases = append(suite.Cases, c)
	}
	raw, err := xml.MarshalIndent(xmlSuites{
		Overall: v.Overall, Props: []xmlProp{{"baseosci.overall-result", v.Overall}}, Suites: []xmlSuite{suite},
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(job.Dir, "results.xml"), append([]byte(xml.Header), raw...), 0o644)
}
