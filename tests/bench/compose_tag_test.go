package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// BenchmarkComposeOfATag makes a compose of a tag of 20,000 packages, then the
// same again, then one after ten builds changed, by all functions, with the
// Koji and the bucket that come with distaff. Each is a process of its own, that
// begins with nothing, as an instance does; one last process makes all three on
// a bucket in memory. DISTAFF_BENCH_PACKAGES says how many packages: 70000 is a
// whole Fedora.
func BenchmarkComposeOfATag(b *testing.B) {
	packages := 20_000
	if testing.Short() {
		packages = 2_000
	}
	if text := os.Getenv("DISTAFF_BENCH_PACKAGES"); text != "" {
		var err error
		if packages, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	prices := pricesOf(b)
	fmt.Printf("\na tag of %d packages and %d source packages, signed\n", packages, packages/4)
	fmt.Printf("%-34s %8s %7s %6s %6s %6s %5s %7s %8s %6s %5s %5s %9s %9s %9s\n",
		"", "seconds", "CPU s", "MiB", "runs", "events", "hub", "(calls)", "heads", "MB", "GET", "PUT", "put MB", "got MB", "USD/1000")
	for _, where := range []string{"S3", "memory"} {
		m := making{Koji: bulkKoji(b, packages)}
		steps := []step{{Name: "first"}, {Name: "again"}, {Name: "a rule looks", Look: true, Of: 1}, {Name: "10 builds changed", Update: true}, {Name: "10 more", Update: true}}
		var all []madeIn
		switch where {
		case "S3":
			m.Bucket = bulkBucket(b)
			for _, s := range steps {
				m.Steps = []step{s}
				all = append(all, makeOwn(b, m)...)
			}
		default:
			m.Steps = steps
			all = makeOwn(b, m)
		}
		for _, got := range all {
			tellMade(where, got, prices)
		}
		first, again, look, changed := all[0], all[1], all[2], all[3]
		switch {
		case first.Packages < packages:
			b.Errorf("%d packages of %d", first.Packages, packages)
		case again.Dir != first.Dir:
			b.Error("the same was composed again")
		case look.Changed || !look.Asked || len(look.Calls) > 1:
			b.Errorf("an unchanged tag cost a rule %v", look.Calls)
		case changed.Dir == first.Dir || changed.Packages != first.Packages:
			b.Errorf("%d packages in the directory of %d", changed.Packages, changed.Dir)
		}
		for _, got := range all[:4] {
			b.ReportMetric(got.Seconds, where+"-s-"+unit(got.Step))
		}
	}
	b.ReportMetric(0, "ns/op")
}

func TestATagIsComposedOnceForTheSamePackages(t *testing.T) {
	m := making{Koji: bulkKoji(t, 80), Steps: []step{{Name: "first"}, {Name: "again"}, {Name: "look", Look: true, Of: 1}, {Name: "changed", Update: true}}}
	all, err := m.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, again, look, changed := all[0], all[1], all[2], all[3]
	if again.Dir != first.ID || again.Files != 0 || look.Changed || look.Requests != 1 || changed.Dir != changed.ID || changed.Files != 6*newer { // five packages of each build, and its source package for what noarch excludes
		t.Errorf("%+v", all)
	}
}

func unit(text string) string {
	out := []byte(text)
	for i, c := range out {
		if c == ' ' {
			out[i] = '-'
		}
	}
	return string(out)
}

func tellMade(where string, got madeIn, p config.Prices) {
	calls := 0
	for _, times := range got.Calls {
		calls += times
	}
	u := got.Bucket
	functions := got.CPU*p.CPUSecond + got.Seconds*got.MiB/1024*p.GBSecond
	bucket := float64(u.Puts)/1000*p.PutThousand + float64(u.Gets)/1000*p.GetThousand + float64(u.Lists)/1000*p.ListThousand
	fmt.Printf("%-34s %8.2f %7.2f %6.0f %6d %6d %5d %7d %8d %6.1f %5d %5d %9.2f %9.2f %9.2f\n", got.Step+" ("+where+")", got.Seconds, got.CPU, got.MiB, got.Runs, got.Events,
		got.Requests, calls, got.Files, float64(got.FileBytes)/1e6, u.Gets, u.Puts, float64(u.In)/1e6, float64(u.Out)/1e6, 1000*(functions+bucket))
}

func makeOwn(b *testing.B, m making) []madeIn {
	b.Helper()
	var all []madeIn
	if _, err := own(b.Context(), job{Compose: &m}, &all); err != nil {
		b.Fatal(err)
	}
	return all
}

// bulkKoji serves a Koji with a tag of many packages, and what making wants of
// it.
func bulkKoji(b testing.TB, packages int) string {
	b.Helper()
	server, err := kojitest.New(kojitest.Config{
		Dir: b.TempDir(), Runner: kojitest.Script{Bare: true}, Users: map[string]string{"pkg": "secret"}, Admins: []string{"pkg"}, AnyPackage: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	bulk := kojitest.Bulk{Tag: "bulk", Builds: packages / 4, RPMs: 4, Key: "a15b79cc"}
	if err := server.AddBulk(bulk); err != nil {
		b.Fatal(err)
	}
	bulk.Builds = newer
	mux := http.NewServeMux()
	var requests atomic.Int64
	mux.Handle("/", server)
	mux.HandleFunc("/kojihub", func(w http.ResponseWriter, r *http.Request) { requests.Add(1); server.ServeHTTP(w, r) })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(kojiAsked{server.Stats(), int(requests.Load())})
	})
	mux.HandleFunc("POST /update", func(w http.ResponseWriter, _ *http.Request) {
		if err := server.UpdateBulk(bulk); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	web := httptest.NewServer(mux)
	b.Cleanup(web.Close)
	server.SetBaseURL(web.URL)
	return web.URL
}

// bulkBucket serves a bucket.
func bulkBucket(b *testing.B) string {
	b.Helper()
	server, err := store.Open("", store.Options{Credentials: bucketAccess})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := server.Bucket("distaff"); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(server)
	b.Cleanup(web.Close)
	return web.URL
}

// pricesOf are those distaff reckons with unless it is told others.
func pricesOf(b *testing.B) config.Prices {
	b.Helper()
	c, err := config.Parse("bench", []byte("name: bench\npages: https://ci.example.org/\nbucket: {name: distaff, endpoint: \"http://127.0.0.1:9000\", region: us-east-1}\nforges: {fedora: {type: pagure, url: \"https://src.example.org\", user: robot}}\nkoji: {fedora: {server: \"https://koji.example.org/kojihub\"}}\ntesting_farm: {public: {}}\n"))
	if err != nil {
		b.Fatal(err)
	}
	return c.Prices
}
