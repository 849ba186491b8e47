package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

func TestWhyTellsOfComposesAndRules(t *testing.T) {
	store := mem.New()
	bucket := state.New(store)
	desk := compose.NewDesk(bucket, compose.Rules{}, nil)
	call := func(n string) event.Event { return compose.Call("compose-api", time.Now(), n) }
	asked := compose.Asked{Owner: "rule:fixes", Rule: "fixes", Why: "bash was tagged", Request: compose.Request{SourceType: compose.Tag, Source: []string{"f45"}}}
	if _, _, err := desk.Open(t.Context(), 12, asked, call("1")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := desk.Decide(t.Context(), 12, call("2"), compose.Cancelled{By: "anna"}); err != nil {
		t.Fatal(err)
	}
	fixes := config.ComposeRule{Name: "fixes", Tags: []string{"f45-*"}}
	rules := rule.NewDesk(bucket, []rule.Rule{{Name: "fixes", When: rule.When{Tags: fixes.Tags}, Quiet: time.Hour}}, "")
	if _, err := rules.Decide(t.Context(), "fixes", call("3"), rule.Happened{At: time.Now(), Text: "bash was tagged into f45-fixes"}); err != nil {
		t.Fatal(err)
	}
	o := &opened{files: store, cfg: &config.Config{
		Bus:      &config.Bus{TopicPrefix: "org.fedoraproject.prod", Bindings: []string{"org.fedoraproject.prod.buildsys.tag"}},
		Composes: &config.Composes{Rules: []config.ComposeRule{fixes}},
	}}
	at := &place{configFile: "fedora.yaml"}
	for args, want := range map[string][]string{
		"compose 12": {"compose 12  failed  of tag f45, for rule:fixes", "because bash was tagged", "Canceled by anna", "distaff why rule fixes"},
		"odcs-12-1":  {"compose 12  failed"},
		"rule fixes": {"waits until it is quiet", "builds in the tags f45-*", "bash was tagged into f45-fixes", "not bound to org.fedoraproject.prod.buildsys.untag"},
	} {
		var out bytes.Buffer
		told, err := o.whyComposes(t.Context(), streams{out: &out}, strings.Fields(args), at, "text", false)
		if err != nil || !told {
			t.Errorf("why %s: %t, %v", args, told, err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("why %s: no %q in\n%s", args, text, &out)
			}
		}
	}
	for _, args := range []string{"compose 13", "rule none", "tag f45"} {
		if told, err := o.whyComposes(t.Context(), streams{out: &bytes.Buffer{}}, strings.Fields(args), at, "text", false); !told || err == nil {
			t.Errorf("why %s: %t, %v", args, told, err)
		}
	}
	if told, err := o.whyComposes(t.Context(), streams{}, []string{"local/rpms/bash#12"}, at, "text", false); told || err != nil {
		t.Errorf("a pull request is taken for a compose: %v", err)
	}
}

func TestABindingTakesTopics(t *testing.T) {
	const topic = "org.fedoraproject.prod.buildsys.tag"
	for binding, want := range map[string]bool{
		topic: true, "#": true, "org.#": true, "*.*.prod.buildsys.*": true, "org.fedoraproject.*.buildsys.#": true,
		"org.#.tag": true, "org.*.tag": false, "org.fedoraproject.prod.buildsys": false, topic + ".#": true, topic + ".*": false, "": false,
	} {
		if got := binds(binding, topic); got != want {
			t.Errorf("%q takes it: %t", binding, got)
		}
	}
}
