package main

import (
	"slices"
	"testing"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func TestADeletedTriggerIsMissed(t *testing.T) {
	built, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	gone := built.Triggers[3].Name
	other := built.Triggers[0]
	other.Name = "other"
	here := slices.Delete(slices.Clone(built.Triggers), 3, 4)
	for _, test := range []struct {
		name string
		w    wiring
		want []string
	}{
		{"one of ours is gone", wiring{client: &cluster.Client{}, set: &manifest.Set{Triggers: here}}, []string{gone}},
		{"all are there", wiring{client: &cluster.Client{}, set: built}, nil},
		{"they are somebody else's", wiring{client: &cluster.Client{}, set: &manifest.Set{Triggers: []manifest.Trigger{other}}}, nil},
		{"manifests may be a part", wiring{set: &manifest.Set{Triggers: here}}, nil},
	} {
		got, err := test.w.missing()
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: missed %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}
