package koji

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	kolo "github.com/kolo/xmlrpc"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// bigTag is what a hub answers to listTaggedRPMS of a tag with so many
// packages, four of each build; 20,000 are 30 MiB, as measured.
func bigTag(packages int) []byte {
	var out bytes.Buffer
	out.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n<value><array><data>\n")
	member := func(name, kind string, value any) {
		if kind == "nil" {
			fmt.Fprintf(&out, "<member>\n<name>%s</name>\n<value><nil/></value></member>\n", name)
			return
		}
		fmt.Fprintf(&out, "<member>\n<name>%s</name>\n<value><%s>%v</%s></value>\n</member>\n", name, kind, value, kind)
	}
	arches := []string{"x86_64", "aarch64", "noarch", "src"}
	for i := range packages {
		out.WriteString("<value><struct>\n")
		member("name", "string", fmt.Sprintf("package-number-%d-libs", i/4))
		member("version", "string", fmt.Sprintf("%d.%d", i%9, i%31))
		member("release", "string", fmt.Sprintf("%d.fc45", i%7))
		member("arch", "string", arches[i%4])
		member("id", "int", i+1)
		member("epoch", "nil", nil)
		member("draft", "boolean", 0)
		member("payloadhash", "string", fmt.Sprintf("%032x", i*7919))
		if i%100 == 0 {
			member("size", "i8", int64(5<<30)+int64(i))
		} else {
			member("size", "int", 1000+i)
		}
		member("buildtime", "int", 1700000000+i)
		member("buildroot_id", "int", i/4+100)
		member("build_id", "int", i/4+1)
		member("metadata_only", "boolean", 0)
		member("extra", "nil", nil)
		out.WriteString("</struct></value>\n")
	}
	out.WriteString("</data></array></value>\n<value><array><data>\n")
	for i := range packages / 4 {
		out.WriteString("<value><struct>\n")
		for _, name := range []string{"id", "build_id", "package_id", "tag_id", "create_event", "owner_id", "volume_id", "creation_event_id", "state"} {
			member(name, "int", i+1)
		}
		member("package_name", "string", fmt.Sprintf("package-number-%d", i))
		member("name", "string", fmt.Sprintf("package-number-%d", i))
		member("nvr", "string", fmt.Sprintf("package-number-%d-1.0-1.fc45", i))
		member("version", "string", "1.0")
		member("release", "string", "1.fc45")
		member("tag_name", "string", "f45")
		member("owner_name", "string", fmt.Sprintf("packager%d", i%50))
		member("volume_name", "string", "DEFAULT")
		member("creation_time", "string", "2026-11-20 23:56:49.183646+00:00")
		member("start_time", "nil", nil)
		member("completion_time", "string", "2026-11-20 23:56:49.183646+00:00")
		member("epoch", "nil", nil)
		member("task_id", "int", 100000+i)
		member("draft", "boolean", 0)
		member("source", "string", fmt.Sprintf("git+https://src.fedoraproject.org/rpms/package-number-%d.git#%040x", i, i))
		out.WriteString("</struct></value>\n")
	}
	out.WriteString("</data></array></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n")
	return out.Bytes()
}

func readBigTag(t testing.TB, raw []byte) (rpms []RPM, builds []TaggedBuild) {
	t.Helper()
	err := xmlrpc.ReadReply(bytes.NewReader(raw), 1<<30, func(r *xmlrpc.Reader) { rpms, builds = readTagged(r) })
	if err != nil {
		t.Fatal(err)
	}
	return rpms, builds
}

func TestATagIsReadWhole(t *testing.T) {
	rpms, builds := readBigTag(t, bigTag(400))
	if len(rpms) != 400 || len(builds) != 100 {
		t.Fatalf("%d packages, %d builds", len(rpms), len(builds))
	}
	last := rpms[399]
	if last.String() != "package-number-99-libs-3.27-0.fc45.src" || last.BuildID != 100 || last.Size != 1399 ||
		!last.Built.Equal(time.Unix(1700000399, 0)) || rpms[100].Size != 5<<30+100 {
		t.Errorf("%+v %+v", last, rpms[100])
	}
	if b := builds[99]; b.String() != "package-number-99-1.0-1.fc45" || b.TaskID != 100099 || b.Owner != "packager49" || b.Tag != "f45" {
		t.Errorf("%+v", b)
	}
}

// BenchmarkTag reads 30 MiB of packages with our reader and with kolo's, both
// into the fields a compose needs, and tells how much less time and memory ours
// takes.
func BenchmarkTag(b *testing.B) {
	raw := bigTag(19_500)
	ours := func() { readBigTag(b, raw) }
	koloTime, koloBytes := cost(func() { readWithKolo(b, raw) })
	_, ourBytes := cost(ours)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		ours()
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(koloTime)/float64(each), "x-faster-than-kolo")
	b.ReportMetric(float64(koloBytes)/float64(ourBytes), "x-less-memory-than-kolo")
	b.ReportMetric(float64(len(raw))/(1<<20), "MiB-of-XML")
}

func BenchmarkTagWithKolo(b *testing.B) {
	raw := bigTag(19_500)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		readWithKolo(b, raw)
	}
}

// BenchmarkSignedTag reads a tag of 70,000 packages, each with a signature and
// the row of none: what a compose of Fedora asks for. It tells what is held when
// it is read.
func BenchmarkSignedTag(b *testing.B) {
	var raw bytes.Buffer
	raw.WriteString("<methodResponse><params><param><value><array><data><value><array><data>\n")
	for i := range 140_000 {
		key := ""
		if i%2 == 1 {
			key = "a15b79cc"
		}
		fmt.Fprintf(&raw, "<value><struct>\n"+
			"<member>\n<name>name</name>\n<value><string>package-number-%d-libs</string></value>\n</member>\n"+
			"<member>\n<name>version</name>\n<value><string>%d.%d</string></value>\n</member>\n"+
			"<member>\n<name>release</name>\n<value><string>%d.fc45</string></value>\n</member>\n"+
			"<member>\n<name>arch</name>\n<value><string>x86_64</string></value>\n</member>\n"+
			"<member>\n<name>id</name>\n<value><int>%d</int></value>\n</member>\n"+
			"<member>\n<name>epoch</name>\n<value><nil/></value></member>\n"+
			"<member>\n<name>draft</name>\n<value><boolean>0</boolean></value>\n</member>\n"+
			"<member>\n<name>payloadhash</name>\n<value><string>%032x</string></value>\n</member>\n"+
			"<member>\n<name>size</name>\n<value><int>%d</int></value>\n</member>\n"+
			"<member>\n<name>buildtime</name>\n<value><int>1700000000</int></value>\n</member>\n"+
			"<member>\n<name>buildroot_id</name>\n<value><int>%d</int></value>\n</member>\n"+
			"<member>\n<name>build_id</name>\n<value><int>%d</int></value>\n</member>\n"+
			"<member>\n<name>metadata_only</name>\n<value><boolean>0</boolean></value>\n</member>\n"+
			"<member>\n<name>sigkey</name>\n<value><string>%s</string></value>\n</member>\n"+
			"</struct></value>\n", i/8, i%9, i%31, i%7, i/2+1, i/2*7919, 1000+i, i/8, i/8+1, key)
	}
	raw.WriteString("</data></array></value><value><array><data></data></array></value></data></array></value></param></params></methodResponse>")
	var rpms []RPM
	b.SetBytes(int64(raw.Len()))
	b.ReportAllocs()
	for b.Loop() {
		rpms, _ = readBigTag(b, raw.Bytes())
	}
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	if len(rpms) != 70_000 || len(rpms[9].Sigkeys) != 2 {
		b.Fatal(len(rpms))
	}
	runtime.KeepAlive(rpms) // to here
	runtime.GC()
	runtime.ReadMemStats(&without)
	b.ReportMetric(float64(with.HeapAlloc-without.HeapAlloc)/(1<<20), "MiB-held")
}

// cost is the time one run takes and the bytes it allocates.
func cost(run func()) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	run()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

func readWithKolo(t testing.TB, raw []byte) {
	t.Helper()
	response := kolo.Response(raw)
	if err := response.Err(); err != nil {
		t.Fatal(err)
	}
	var answer []any // of two kinds of rows, so it goes no narrower
	if err := response.Unmarshal(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer) != 2 || !strings.HasPrefix(fmt.Sprintf("%T", answer[0]), "[]") {
		t.Fatalf("%T", answer[0])
	}
}
