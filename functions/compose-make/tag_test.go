package composemake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
)

func TestATagBecomesARepository(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64", "bash-doc.noarch", "bash-debuginfo.x86_64", "bash.aarch64")
	w.build("zsh-5.9-1.fc45", []string{"f45"}, "zsh.x86_64")
	c := w.compose(request())
	if c.State != compose.Done {
		t.Fatalf("%s: %s", c.State, c.Reason)
	}
	dir := publish.Dir(c.ID)
	if status := w.get(dir + "STATUS"); status != "FINISHED\n" {
		t.Errorf("STATUS is %q", status)
	}
	if id := w.get(dir + "COMPOSE_ID"); id != c.PungiID || !strings.HasPrefix(id, "odcs-1-1-") {
		t.Errorf("COMPOSE_ID is %q, the compose is %q", id, c.PungiID)
	}
	lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), c.Lock)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, tree := range lock.Trees {
		for _, r := range tree.RPMs {
			got[tree.Arch+"/"+tree.Kind] = append(got[tree.Arch+"/"+tree.Kind], r.NEVRA)
		}
	}
	want := map[string][]string{
		"x86_64/os":     {"bash-0:5.2-1.fc45.x86_64", "bash-doc-0:5.2-1.fc45.noarch", "zsh-0:5.9-1.fc45.x86_64"},
		"x86_64/debug":  {"bash-debuginfo-0:5.2-1.fc45.x86_64"},
		"source/source": {"bash-0:5.2-1.fc45.src", "zsh-0:5.9-1.fc45.src"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"began", "made"}, w.heard); diff != "" {
		t.Error(diff)
	}
}
