package difference_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
)

func pkg(tree, nevra, key string) difference.Package {
	name, evr, arch, _ := difference.Split(nevra)
	kind := "os"
	if tree == "source" {
		kind = "source"
	}
	return difference.Package{Tree: tree, Kind: kind, Name: name, Arch: arch, EVR: evr, Sigkey: key}
}

func TestWhatIsOtherwise(t *testing.T) {
	was := []difference.Package{
		pkg("x86_64", "bash-0:5.2-1.fc45.x86_64", "aaaa1111"), pkg("aarch64", "bash-0:5.2-1.fc45.aarch64", "aaaa1111"),
		pkg("x86_64", "zsh-0:5.9-1.fc45.x86_64", "aaaa1111"),
		pkg("x86_64", "dhcp-12:4.4-1.fc45.x86_64", "aaaa1111"),
		pkg("x86_64", "gone-0:1-1.noarch", ""), pkg("aarch64", "gone-0:1-1.noarch", ""),
		pkg("x86_64", "kernel-0:6.1-1.x86_64", ""), pkg("x86_64", "kernel-0:6.2-1.x86_64", ""),
		pkg("s390x", "bash-0:5.2-1.fc45.s390x", ""),
		pkg("x86_64", "same-0:1-1.x86_64", "AAAA1111"),
	}
	is := []difference.Package{
		pkg("x86_64", "bash-0:5.2-2.fc45.x86_64", "aaaa1111"), pkg("aarch64", "bash-0:5.2-2.fc45.aarch64", "aaaa1111"),
		pkg("x86_64", "zsh-0:5.9-1.fc45.x86_64", "bbbb2222"),
		pkg("x86_64", "dhcp-0:5.0-1.fc45.x86_64", "aaaa1111"),
		pkg("x86_64", "kernel-0:6.2-1.x86_64", ""), pkg("x86_64", "kernel-0:6.10-1.x86_64", ""),
		pkg("x86_64", "new-0:1-1.noarch", ""), pkg("ppc64le", "new-0:1-1.noarch", ""),
		pkg("x86_64", "same-0:1-1.x86_64", "aaaa1111"),
	}
	want := difference.Difference{
		Added:   []difference.Change{{Name: "new", Is: []string{"1-1"}, Kind: "os", Trees: []string{"x86_64"}}},
		Removed: []difference.Change{{Name: "gone", Was: []string{"1-1"}, Kind: "os", Trees: []string{"aarch64", "x86_64"}}},
		Changed: []difference.Change{
			{Name: "bash", Was: []string{"5.2-1.fc45"}, Is: []string{"5.2-2.fc45"}, Kind: "os", Trees: []string{"aarch64", "x86_64"}},
			{Name: "dhcp", Was: []string{"12:4.4-1.fc45"}, Is: []string{"5.0-1.fc45"}, Older: true, Kind: "os", Trees: []string{"x86_64"}},
			{Name: "kernel", Was: []string{"6.1-1", "6.2-1"}, Is: []string{"6.2-1", "6.10-1"}, Kind: "os", Trees: []string{"x86_64"}},
		},
		Resigned: []difference.Change{{Name: "zsh", Was: []string{"5.9-1.fc45"}, Is: []string{"5.9-1.fc45"}, WasKey: "aaaa1111", IsKey: "bbbb2222", Kind: "os", Trees: []string{"x86_64"}}},
		Rebuilt:  []difference.Change{},
		Trees:    []string{"+ppc64le", "-s390x"},
	}
	if diff := cmp.Diff(want, difference.Between(was, is)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if same := difference.Between(is, is); !same.None() || same.Count() != 0 {
		t.Errorf("the same differs: %+v", same)
	}
}

func TestALockIsComparedByItsFiles(t *testing.T) {
	lock := func(sum string) []difference.Package {
		return difference.OfLock(compose.Lock{Trees: []compose.Tree{{Arch: "x86_64", Kind: "os", RPMs: []compose.RPM{{NEVRA: "a-0:1-1.noarch", SHA256: sum}, {NEVRA: "broken"}}}}})
	}
	if d := difference.Between(lock("1"), lock("2")); len(d.Rebuilt) != 1 || d.Count() != 1 {
		t.Errorf("%+v", d)
	}
}
