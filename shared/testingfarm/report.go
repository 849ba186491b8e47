package testingfarm

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// What is read of one results.xml. The largest seen in the wild had some
// thousand tests.
const (
	reportLimit = 32 << 20
	maxTests    = 20_000
	maxSuites   = 2_000
	maxDepth    = 60
	maxLogs     = 50 // of one plan or test
	maxNotes    = 20
)

// Report is what a results.xml tells.
type Report struct {
	Overall string  `json:"overall,omitempty"`
	Suites  []Suite `json:"suites,omitempty"`
	Tests   []Test  `json:"tests,omitempty"`
}

// Suite is one plan.
type Suite struct {
	Name   string `json:"name"`
	Result string `json:"result"`          // as Test.Result, or undefined
	Stage  string `json:"stage,omitempty"` // guest_provisioning … complete
	Note   string `json:"note,omitempty"`  // what its failure or error element says
	Logs   []Log  `json:"logs,omitempty"`
	// Tests counts those seen in this plan.
	Tests int `json:"tests"`
}

// Test is one test of one plan, on one machine.
type Test struct {
	Name  string `json:"name"`
	Plan  string `json:"plan,omitempty"`
	Arch  string `json:"arch,omitempty"`
	Guest string `json:"guest,omitempty"` // the machine, where a plan has several
	// Result is passed, failed, error, skipped, info, needs_inspection,
	// pending (not run yet) or undefined.
	Result  string  `json:"result"`
	Seconds float64 `json:"seconds,omitempty"`
	Serial  int     `json:"serial,omitempty"`
	// Log is the test's own output, or the nearest thing to it.
	Log  string `json:"log,omitempty"`
	Note string `json:"note,omitempty"`
	Logs []Log  `json:"logs,omitempty"`
}

// Log is one log with its absolute address.
type Log struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Setup is the stage of a machine's preparation the log is of
	// (pre_artifact_installation, artifact_installation,
	// post_artifact_installation), empty otherwise.
	Setup string `json:"setup,omitempty"`
	// Phase is set when the log is of a part of a test that did not pass.
	Phase string `json:"phase,omitempty"`
}

// ErrPartial is a results.xml that ends early or breaks off: what was read
// until there is given.
var ErrPartial = errors.New("results.xml is not whole")

// ReadReport reads a results.xml, of tmt or of STI. Links in it are resolved
// against base, the address of the artifacts; those that are no web address are
// dropped. Elements it does not know are passed over. While tests run the file
// is partial, and what is there is read.
//
// Nothing in it is expanded (Go's reader knows no entities but XML's own), and
// size, depth and number are bounded.
func ReadReport(raw []byte, base string) (Report, error) {
	if len(raw) > reportLimit {
		return Report{}, fmt.Errorf("results.xml is larger than %d bytes", reportLimit)
	}
	p := reportParser{base: parseBase(base)}
	d := xml.NewDecoder(bytes.NewReader(raw))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.take(token)
		}
		if err != nil {
			return p.close(), fmt.Errorf("%w: %s", ErrPartial, clip(err.Error(), 150))
		}
	}
	if len(p.path) > 0 || !p.begun {
		return p.close(), ErrPartial
	}
	return p.close(), nil
}
