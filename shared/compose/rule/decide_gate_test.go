package rule_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
)

func (d *room) gate(round int, change func(*event.GateAnswer)) event.GateAnswer {
	a := event.GateAnswer{Rule: "fixes", Label: fmt.Sprintf("rule/fixes/%d/gate", round), At: d.now}
	if change != nil {
		change(&a)
	}
	return a
}

// bash is what is tagged, as it is asked about.
var bash = event.GateSubject{Type: "koji_build", Item: "bash-5.2-1.fc45"}

func passes(a *event.GateAnswer) { a.Pass = true }

// What the gate is shut for is in the tag all the same. So no round may come to a
// compose before it passes, is replaced, or is untagged.
func TestWhatAGateIsShutForComesIntoNoCompose(t *testing.T) {
	shut := func(t *testing.T) *room {
		d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}})
		d.tell(d.tagged("bash-5.2-1.fc45"))
		d.expect("shut", d.tell(d.gate(1, nil)), "")
		return d
	}
	t.Run("another build comes", func(t *testing.T) {
		d := shut(t)
		d.expect("asked", d.tell(d.tagged("zsh-5-1.fc45")), "gate.ask-wanted 2/gate bash-5.2-1.fc45 zsh-5-1.fc45")
		d.expect("shut", d.tell(d.gate(2, nil)), "")
		d.expect("asked again", d.tell(d.tagged("zsh-5-2.fc45")), "gate.ask-wanted 3/gate bash-5.2-1.fc45 zsh-5-2.fc45")
		d.expect("open", d.tell(d.gate(3, passes)), "compose.check-wanted 3/check")
		d.expect("then it is settled", d.tell(d.checked(3, false, 100, "c1"))+d.tell(d.tagged("fish-4-1.fc45")), "gate.ask-wanted 4/gate fish-4-1.fc45")
	})
	t.Run("nothing happens", func(t *testing.T) {
		d := shut(t)
		d.now = d.now.Add(61 * time.Minute)
		d.expect("it is asked about again: it may have been waived", d.tell(d.passed()), "gate.ask-wanted 2/gate bash-5.2-1.fc45")
		d.expect("open", d.tell(d.gate(2, passes)), "compose.check-wanted 2/check")
	})
	t.Run("it is replaced", func(t *testing.T) {
		d := shut(t)
		d.expect("asked", d.tell(d.tagged("bash-5.2-2.fc45")), "gate.ask-wanted 2/gate bash-5.2-2.fc45")
	})
	t.Run("it is untagged while the gate is asked", func(t *testing.T) {
		d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}})
		d.tell(d.tagged("bash-5.2-1.fc45"))
		d.tell(rule.Happened{At: d.now, Text: "untagged", Gone: bash})
		d.expect("shut, and begun anew", d.tell(d.gate(1, nil)), "compose.check-wanted 2/check")
	})
	t.Run("it leaves another tag", func(t *testing.T) {
		d := shut(t)
		elsewhere := bash
		elsewhere.Tag = "f45-candidate"
		d.expect("it is asked about", d.tell(rule.Happened{At: d.now, Text: "untagged", Gone: elsewhere}), "gate.ask-wanted 2/gate bash-5.2-1.fc45")
	})
	t.Run("it is untagged", func(t *testing.T) {
		d := shut(t)
		d.expect("nothing is left to ask about", d.tell(rule.Happened{At: d.now, Text: "untagged", Gone: bash}), "compose.check-wanted 2/check")
	})
}

func TestWhatComesWhileAGateIsAskedIsAskedAboutToo(t *testing.T) {
	d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	d.expect("meanwhile", d.tell(d.tagged("zsh-5-1.fc45")), "")
	d.expect("open for the first", d.tell(d.gate(1, passes)), "gate.ask-wanted 1/gate bash-5.2-1.fc45 zsh-5-1.fc45")
	d.expect("open for both", d.tell(d.gate(1, passes)), "compose.check-wanted 1/check")
	d.expect("no other round", d.tell(d.checked(1, false, 100, "c1")), "")
}

func TestAMassRebuildFitsIntoADocumentAndWhatDoesNotIsSaid(t *testing.T) {
	d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}, Quiet: time.Minute})
	many := func(round int) rule.Happened {
		news := rule.Happened{At: d.now, Text: "a mass rebuild"}
		for n := range 1000 {
			news.Subjects = append(news.Subjects, event.GateSubject{
				Type: "koji_build", Item: fmt.Sprintf("a-package-with-a-name-that-is-rather-long-%04d-1.0.0-%d.fc45", n, round), Tag: "f45-rebuild",
			})
		}
		return news
	}
	d.tell(many(1))
	d.now = d.now.Add(61 * time.Second)
	d.tell(d.passed())
	d.tell(many(2)) // while the gate is asked
	d.tell(d.gate(1, passes))
	d.tell(many(3))
	d.tell(d.gate(1, nil))
	s := d.state()
	raw, err := json.Marshal(s)
	if err != nil || len(raw) > 200<<10 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	d.now = d.now.Add(61 * time.Second)
	d.tell(d.passed())
	d.tell(d.gate(2, passes))
	trail := d.state().Trail
	if got := trail[len(trail)-1].Text; !strings.HasPrefix(got, "the gate was asked about ") || !strings.Contains(got, "and not about") {
		t.Errorf("the trail says %q", got)
	}
}
