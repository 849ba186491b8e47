package testingfarm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/tests/corpus"
)

func TestADistroIsSpelledAsItsCompose(t *testing.T) {
	var recorded struct {
		Vectors []struct {
			Target, Compose string
			Internal        bool `json:"use_internal_tf"`
		}
	}
	if err := json.Unmarshal(corpus.Read(t, "packit/vectors/distro_to_compose.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	// The internal Testing Farm's names follow a table of its own; only those
	// that follow the rules as well are ours.
	table := map[string]bool{
		"fedora-33": true, "fedora-rawhide": true, "Centos-7": true, "rhel-7": true, "rhel-8": true, "oraclelinux-7": true,
		"RHEL-7.8-ZStream": false,
	}
	for _, v := range recorded.Vectors {
		distro := strings.TrimSuffix(v.Target, "-x86_64")
		if v.Internal && table[distro] {
			continue
		}
		got, ok := testingfarm.ResolveCompose([]testingfarm.Compose{{Name: v.Compose}}, distro)
		if !ok || got != v.Compose {
			t.Errorf("%s is %q, want %q", distro, got, v.Compose)
		}
	}
}

func TestADistroResolvesOnlyToWhatIsOffered(t *testing.T) {
	offered := []testingfarm.Compose{
		{Name: "Fedora-Rawhide", Type: "compose"},
		{Name: `CentOS-Stream-\d+`, Type: "regex"},
		{Name: "Fedora-eln"},
		{Name: "Fedora-Latest-Updated|Fedora-4[0-9]", Type: "regex"},
		{Name: `(`, Type: "regex"},
		{Name: `(?=look)ahead`, Type: "regex"},
		{Name: strings.Repeat("(a+)+", 1000), Type: "regex"},
		{Name: "", Type: "regex"},
		{Name: "(a|a?)+b", Type: "regex"},
	}
	for distro, want := range map[string]string{
		"fedora-rawhide":           "Fedora-Rawhide",
		"fedora-43":                "Fedora-43",
		"fedora-eln":               "Fedora-eln",
		"centos-stream-10":         "CentOS-Stream-10",
		"centos-stream":            "CentOS-Stream-8",
		"Fedora-Rawhide":           "Fedora-Rawhide",
		"fedora-39":                "",
		"xFedora-43":               "",
		"fedora-431":               "",
		"":                         "",
		"fedora-rawhide\n":         "",
		strings.Repeat("a", 90):    "",
		strings.Repeat("a", 9_000): "",
	} {
		got, ok := testingfarm.ResolveCompose(offered, distro)
		if got != want || ok != (want != "") {
			t.Errorf("%.40q is %q, want %q", distro, got, want)
		}
	}
}
