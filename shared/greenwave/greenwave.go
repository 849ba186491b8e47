// Package greenwave asks Greenwave whether builds and updates have passed the
// tests that a gate demands.
//
// The API is Greenwave's own, version 1.0:
// https://gating-greenwave.readthedocs.io.
package greenwave

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/wire"
)

// SubjectsMost is how many subjects Greenwave takes in one question.
const SubjectsMost = 100

// ErrNoPolicy says that no policy of Greenwave applies to what was asked about:
// there is no decision, neither for nor against it.
var ErrNoPolicy = errors.New("no policy of Greenwave applies")

// Subject is one thing asked about.
type Subject struct {
	Item string `json:"item"` // bash-5.2-1.fc45, FEDORA-2026-0123456789
	Type string `json:"type"` // koji_build, bodhi_update
}

// Question is what may a decision be wanted for.
type Question struct {
	// Product is the product version: fedora-45. Context chooses the policies:
	// bodhi_update_push_stable.
	Product  string    `json:"product_version"`
	Context  string    `json:"decision_context"`
	Subjects []Subject `json:"subject"`
}

// Decision is Greenwave's answer.
type Decision struct {
	Satisfied bool   `json:"policies_satisfied"`
	Summary   string `json:"summary"`
	// Unmet are the requirements that are not met.
	Unmet []Requirement `json:"unsatisfied_requirements"`
}

// Requirement is one thing a policy demands.
type Requirement struct {
	Type     string `json:"type"` // test-result-missing, test-result-failed, …
	TestCase string `json:"testcase"`
	Item     string `json:"subject_identifier"`
}

// String is the requirement in a few words: rpminspect of bash-5.2-1.fc45:
// test-result-missing.
func (r Requirement) String() string {
	words := r.TestCase
	if words == "" {
		words = "a requirement"
	}
	if r.Item != "" {
		words += " of " + r.Item
	}
	return words + ": " + r.Type
}

// Waiting tells whether time may bring what is missing: every requirement that
// is not met waits for a test that has no result yet.
func (d Decision) Waiting() bool {
	for _, r := range d.Unmet {
		if r.Type != "test-result-missing" && r.Type != "test-result-incomplete" {
			return false
		}
	}
	return len(d.Unmet) > 0
}

// Client asks one Greenwave. It is safe for concurrent use.
type Client struct {
	address string
	wire    *wire.Client
}

// New makes a client of the Greenwave at address
// (https://greenwave.fedoraproject.org). Via says how calls are made (nil:
// wire's defaults) and is left as it was.
func New(address string, via *wire.Client) *Client {
	own := wire.Client{}
	if via != nil {
		own = *via
	}
	own.System = "greenwave"
	return &Client{address: strings.TrimSuffix(address, "/"), wire: &own}
}

// Decide asks for a decision on up to SubjectsMost subjects. The error is
// ErrNoPolicy where Greenwave has none to decide by, and temporary as
// wire.Temporary says where one of the systems behind it does not answer.
func (c *Client) Decide(ctx context.Context, q Question) (Decision, error) {
	if len(q.Subjects) == 0 || len(q.Subjects) > SubjectsMost {
		return Decision{}, fmt.Errorf("ask Greenwave about %d subjects: it takes 1 to %d", len(q.Subjects), SubjectsMost)
	}
	var d Decision
	// Asking changes nothing there, although it is a POST.
	err := c.wire.JSON(ctx, http.MethodPost, c.address+"/api/v1.0/decision", q, &d)
	if wire.Code(err) == http.StatusNotFound {
		return d, fmt.Errorf("%w to %s in %s for %s", ErrNoPolicy, q.Subjects[0].Item, q.Product, q.Context)
	}
	if err != nil {
		return d, fmt.Errorf("ask Greenwave about %s for %s: %w", q.Subjects[0].Item, q.Context, err)
	}
	return d, nil
}
