package rpm_test

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/rpm"
)

// vectors are in the order of rpm's own test of rpmvercmp: left, right, answer.
var vectors = []struct {
	a, b string
	want int
}{
	{"1.0", "1.0", 0},
	{"1.0", "2.0", -1},
	{"2.0.1", "2.0.1a", -1},
	{"5.5p1", "5.5p10", -1},
	{"5.5p10", "5.5p1", 1},
	{"10xyz", "10.1xyz", -1},
	{"xyz10", "xyz10.1", -1},
	{"xyz.4", "8", -1},
	{"6.0.rc1", "6.0", 1},
	{"10b2", "10a1", 1},
	{"1.0aa", "1.0a", 1},
	{"10.0001", "10.0039", -1},
	{"10.0001", "10.1", 0},
	{"4.999.9", "5.0", -1},
	{"20101121", "20101122", -1},
	{"2_0", "2.0", 0},
	{"a+", "a_", 0},
	{"+", "_", 0},
	{"1.0~rc1", "1.0", -1},
	{"1.0~rc1", "1.0~rc2", -1},
	{"1.0~rc1~git123", "1.0~rc1", -1},
	{"1.0^", "1.0", 1},
	{"1.0^git1", "1.0", 1},
	{"1.0^git1", "1.0^git2", -1},
	{"1.0^git1", "1.01", -1},
	{"1.0^20160101", "1.0.1", -1},
	{"1.0^20160102", "1.0^20160101^git1", 1},
	{"1.0~rc1^git1", "1.0~rc1", 1},
	{"1.0^git1~pre", "1.0^git1", -1},
	{"1.", "1", 0},
	{"", "1", -1},
	{"~", "", -1},
	{"^", "", 1},
}

func TestOneVersionIsNewerThanAnother(t *testing.T) {
	for _, v := range vectors {
		if got := rpm.CompareVersions(v.a, v.b); got != v.want {
			t.Errorf("%s, %s: %d, not %d", v.a, v.b, got, v.want)
		}
		if got := rpm.CompareVersions(v.b, v.a); got != -v.want {
			t.Errorf("%s, %s: %d, not %d", v.b, v.a, got, -v.want)
		}
	}
}

func TestAnEpochDecidesFirst(t *testing.T) {
	old, err := rpm.ParseEVR("9-9")
	if err != nil {
		t.Fatal(err)
	}
	newer, err := rpm.ParseEVR("1:1-1")
	if err != nil {
		t.Fatal(err)
	}
	if old.Compare(newer) != -1 || newer.Compare(old) != 1 {
		t.Error("1:1-1 is not newer than 9-9")
	}
	if bare := (rpm.EVR{Version: "9"}); bare.Compare(old) != -1 || old.Compare(bare) != 1 {
		t.Error("a version without a release is not older than one with")
	}
}

// asRPM asks the rpm program.
func asRPM(t testing.TB, pairs [][2]string) []int {
	t.Helper()
	program, err := exec.LookPath("rpm")
	if err != nil {
		t.Skip("no rpm program on this machine")
	}
	var script strings.Builder
	for _, p := range pairs {
		script.WriteString("print(rpm.vercmp(" + luaQuote(p[0]) + "," + luaQuote(p[1]) + ")..' ');")
	}
	out, err := exec.CommandContext(t.Context(), program, "--eval", "%{lua:"+script.String()+"}").Output()
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(out))
	if len(fields) != len(pairs) {
		t.Fatalf("rpm answered %q", out)
	}
	answers := make([]int, len(fields))
	for i, f := range fields {
		if answers[i], err = strconv.Atoi(f); err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// luaQuote writes a string by its bytes, so that neither lua nor rpm's macros
// see anything in it.
func luaQuote(text string) string {
	var out strings.Builder
	out.WriteString("string.char(")
	for i, c := range []byte(text) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(strconv.Itoa(int(c)))
	}
	out.WriteString(")")
	return out.String()
}

func TestRPMItselfAnswersTheSame(t *testing.T) {
	// Every two of these, which mix all that versions are made of.
	words := []string{
		"0", "00", "1", "01", "1.0", "1.", "1..0", "a", "A", "1a", "a1", "1.a", "1~", "~1", "1~~", "1^", "^1", "^", "~",
		"1^~", "1~^", "1.0~rc1", "1.0^git1", "1_0", "1+0", "10", "1.10", "1.9", "z", "1.z", "1^a", "1~a", "1.0.0",
		"ß", "1ß", "ß1", "1.é2", "99999999999999999999999999", "99999999999999999999999998", "0.0", "a.b", "ab",
	}
	var pairs [][2]string
	for _, a := range words {
		for _, b := range words {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	for part := range slices.Chunk(pairs, 500) { // a command line has an end
		for i, want := range asRPM(t, part) {
			if got := rpm.CompareVersions(part[i][0], part[i][1]); got != want {
				t.Errorf("%q, %q: %d, rpm says %d", part[i][0], part[i][1], got, want)
			}
		}
	}
}

func TestRPMItselfOrdersBuildsTheSame(t *testing.T) {
	words := []string{"1", "0:1", "1:1", "1-1", "1-2", "1:1-1", "0:1-1~a", "2:0", "1^a-1", "1-1^b", "1.0-1", "10-1"}
	var pairs [][2]string
	for _, a := range words {
		for _, b := range words {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	for i, want := range asRPM(t, pairs) {
		a, errA := rpm.ParseEVR(pairs[i][0])
		b, errB := rpm.ParseEVR(pairs[i][1])
		if got := a.Compare(b); errA != nil || errB != nil || got != want {
			t.Errorf("%q, %q: %d, rpm says %d; %v, %v", pairs[i][0], pairs[i][1], got, want, errA, errB)
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.a, v.b)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\x00") || len(a)+len(b) > 200 {
			t.Skip("no argument of rpm")
		}
		got := rpm.CompareVersions(a, b)
		if back := rpm.CompareVersions(b, a); back != -got {
			t.Errorf("%q, %q: %d there, %d back", a, b, got, back)
		}
		if a == "" || b == "" || strings.ContainsAny(a+b, ":-") {
			return // rpm reads epoch, version and release out of these
		}
		if want := asRPM(t, [][2]string{{a, b}})[0]; got != want {
			t.Errorf("%q, %q: %d, rpm says %d", a, b, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("hello-1:2.12-3.fc45.x86_64.rpm")
	f.Add("1:a-1-1.src")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := rpm.ParseNVRA(text)
		if err != nil {
			return
		}
		n.Epoch = 0
		again, err := rpm.ParseNVRA(n.File())
		if err != nil || again != n {
			t.Errorf("%q was read as %+v, and that as %+v, %v", text, n, again, err)
		}
	})
}
