package bodhi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/bodhi/bodhitest"
	"github.com/distaff-project/distaff/shared/wire"
	"github.com/distaff-project/distaff/tests/corpus"
)

func release(name, prefix, version, branch, state string) bodhi.Release {
	return bodhi.Release{Name: name, IDPrefix: prefix, Version: version, Branch: branch, State: state}
}

func TestABranchStandsForARelease(t *testing.T) {
	releases := bodhitest.Fedora(45)
	for branch, want := range map[string]bodhi.Branch{
		"rawhide": {Name: "rawhide", Release: "F45", Target: "rawhide", CandidateTag: "f45-updates-candidate", DistTag: ".fc45", Distro: "fedora-rawhide", Compose: "Fedora-Rawhide", Pending: true},
		"main":    {Name: "rawhide", Release: "F45", Target: "rawhide", CandidateTag: "f45-updates-candidate", DistTag: ".fc45", Distro: "fedora-rawhide", Compose: "Fedora-Rawhide", Pending: true},
		"f44":     {Name: "f44", Release: "F44", Target: "f44", CandidateTag: "f44-updates-candidate", DistTag: ".fc44", Distro: "fedora-44", Compose: "Fedora-44"},
		"epel9":   {Name: "epel9", Release: "EPEL-9", Target: "epel9", CandidateTag: "epel9-testing-candidate", DistTag: ".el9", Distro: "centos-stream-9", Compose: "CentOS-Stream-9"},
		"epel10":  {Name: "epel10", Release: "EPEL-10.1", Target: "epel10", CandidateTag: "epel10.1-testing-candidate", DistTag: ".el10_1", Distro: "centos-stream-10", Compose: "CentOS-Stream-10"},
		"epel10.0": {
			Name: "epel10.0", Release: "EPEL-10.0", Target: "epel10.0", CandidateTag: "epel10.0-testing-candidate",
			DistTag: ".el10_0", Distro: "centos-stream-10", Compose: "CentOS-Stream-10",
		},
		"eln": {Name: "eln", Release: "ELN", Target: "eln", CandidateTag: "eln-updates-candidate", DistTag: ".eln", Distro: "fedora-eln", Compose: "Fedora-eln", Pending: true},
	} {
		got, err := bodhi.Resolve(releases, branch)
		if err != nil {
			t.Errorf("%s: %v", branch, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", branch, diff)
		}
	}
}

func TestABranchOfNoReleaseIsExplained(t *testing.T) {
	window := []bodhi.Release{
		release("F39", "FEDORA", "39", "f39", bodhi.Current),
		release("F40", "FEDORA", "40", "rawhide", bodhi.Pending),
		release("F41", "FEDORA", "41", "f41", bodhi.Pending),
	}
	for _, tt := range []struct {
		name     string
		releases []bodhi.Release
		branch   string
		want     string
	}{
		{"a typing error", bodhitest.Fedora(45), "f54", `no release is built from the branch "f54" (branches of releases: f43, f44)`},
		{"archived", bodhitest.Fedora(45), "f42", `no release is built from the branch "f42": F42 has reached its end of life (branches of releases: f43, f44)`},
		{"a branch of a person", bodhitest.Fedora(45), "wip", `no release is built from the branch "wip" (branches of releases: eln, epel10, epel10.0, epel9, f43, f44, rawhide)`},
		{"the later branch of rawhide", window, "f41", `no release is built from the branch "f41": F41 is still rawhide (branches of releases: f39, f40)`},
		{"a list without rawhide", window[:1], "rawhide", `no release is built from the branch "rawhide" (branches of releases: f39)`},
		{"nothing known", nil, "rawhide", `no release is built from the branch "rawhide"`},
		{"EPEL Next is not built", []bodhi.Release{release("EPEL-9N", "FEDORA-EPEL-NEXT", "9", "epel9-next", bodhi.Current)}, "epel9-next", `no release is built from the branch "epel9-next"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := bodhi.Resolve(tt.releases, tt.branch)
			var unknown *bodhi.UnknownBranchError
			if !errors.As(err, &unknown) || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestTwoMinorsOfEPELWithOneBranchAreToldApart(t *testing.T) {
	releases := []bodhi.Release{
		release("EPEL-10.2", "FEDORA-EPEL", "10.2", "epel10", bodhi.Pending),
		release("EPEL-10.1", "FEDORA-EPEL", "10", "epel10", bodhi.Current),
	}
	for branch, want := range map[string]string{"epel10": "EPEL-10.2", "epel10.1": "EPEL-10.1"} {
		if got, err := bodhi.Resolve(releases, branch); err != nil || got.Release != want {
			t.Errorf("%s is %s (%v), want %s", branch, got.Release, err, want)
		}
	}
}

// What Bodhi really answered at awkward moments.
func TestRecordedReleasesAreResolved(t *testing.T) {
	for file, want := range map[string]map[string]string{
		"releases.f40-branch-window.json": {
			"rawhide": "F41", "main": "F41", "f40": "F40", "f41": "", "f39": "F39", "epel9": "EPEL-9", "eln": "ELN", "epel8-next": "",
		},
		"releases.f42-post-branch-window.json": {"rawhide": "F43", "f42": "F42", "f43": "", "f39": "", "f41": "F41"},
		"releases.epel10-post-10.1-branch-window.json": {
			"epel10": "EPEL-10.2", "epel10.1": "EPEL-10.1", "epel10.0": "EPEL-10.0", "epel10.2": "", "el6": "", "rawhide": "",
		},
		"releases.page-1.json": {"epel10": "EPEL-10.0", "epel9": "EPEL-9"},
		"releases.page-2.json": {"rawhide": "F42", "f41": "F41", "f40": ""},
	} {
		t.Run(file, func(t *testing.T) {
			var page struct{ Releases []bodhi.Release }
			if err := json.Unmarshal(corpus.Read(t, "systems/bodhi/"+file), &page); err != nil {
				t.Fatal(err)
			}
			for branch, name := range want {
				if got, _ := bodhi.Resolve(page.Releases, branch); got.Release != name {
					t.Errorf("%s is %q, want %q", branch, got.Release, name)
				}
			}
		})
	}
}

// The build targets of today's CI, for the names that are branches, with the
// distro they are tested on.
func TestBranchesMeanWhatTodaysCITakesThemFor(t *testing.T) {
	var recorded struct {
		Vectors []struct {
			Name    string
			Targets []string
		}
	}
	if err := json.Unmarshal(corpus.Read(t, "packit/vectors/branch_to_chroot.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	releases := bodhitest.Fedora(33)
	onto := map[string]string{"epel-10": "centos-stream-10"} // its default mapping for Testing Farm
	tried := 0
	for _, v := range recorded.Vectors {
		b, err := bodhi.Resolve(releases, v.Name)
		if err != nil {
			continue // an alias, not a branch
		}
		tried++
		want := strings.TrimSuffix(v.Targets[0], "-x86_64")
		if mapped, ok := onto[want]; ok {
			want = mapped
		}
		if b.Distro != want {
			t.Errorf("%s is tested on %s, want %s", v.Name, b.Distro, want)
		}
	}
	if tried != 3 {
		t.Errorf("%d names are branches, want rawhide, epel10 and eln", tried)
	}
}

func TestReleasesAreReadPageByPage(t *testing.T) {
	var many []bodhi.Release
	for i := range 1100 {
		many = append(many, release(fmt.Sprintf("F%d", 1000+i), "FEDORA", fmt.Sprint(1000+i), "f1", bodhi.Archived))
	}
	stand := bodhitest.New(many...)
	server := httptest.NewServer(stand)
	defer server.Close()
	got, err := bodhi.New(server.URL, nil).Releases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(many, got); diff != "" || stand.Asked() != 2 {
		t.Errorf("%d calls (-want +got):\n%s", stand.Asked(), diff)
	}
}

func TestATroubledProxyIsAskedAgain(t *testing.T) {
	stand := bodhitest.New(bodhitest.Fedora(45)...)
	server := httptest.NewServer(stand)
	defer server.Close()
	client := bodhi.New(server.URL+"/", &wire.Client{Pause: time.Millisecond})

	stand.Fail(4, 504)
	if _, err := client.Releases(t.Context()); err != nil || stand.Asked() != 5 {
		t.Errorf("after four 504s: %v, %d calls", err, stand.Asked())
	}
	stand.Fail(5, 503)
	if _, err := client.Releases(t.Context()); !wire.Temporary(err) {
		t.Errorf("after five 503s: %v, want a temporary error", err)
	}
	stand.Fail(1, 200) // a page of the proxy in place of JSON
	if _, err := client.Releases(t.Context()); !wire.Temporary(err) {
		t.Errorf("after a page that is not JSON: %v, want a temporary error", err)
	}
	stand.Fail(1, 403)
	if _, err := client.Releases(t.Context()); err == nil || wire.Temporary(err) {
		t.Errorf("after a 403: %v, want an error that stays", err)
	}
}
