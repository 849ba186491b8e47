package composeapi_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/tests/corpus"
)

// difference is an answer that is another one than ODCS's, on purpose.
// docs/odcs.md tells of them all.
type difference struct {
	// asked is the request as it was recorded.
	asked string
	why   string
	code  int
	// says is what our answer has in it.
	says string
	// apart asks a server of its own: here it would make a compose that there was
	// not, or not make one that there was. instead is asked in its place.
	apart   bool
	instead string
}

func differences() []difference {
	const post = "-X POST -H Content-Type: application/json -d "
	return []difference{
		{asked: "/api/1/about", why: "nobody is redirected", code: 200, says: `"sigkeys":["f00d"]`},
		{asked: "/api/1/about/", why: "who may do what is told to those it concerns", code: 200, says: `"allowed_clients":{"groups":{},"users":{}},"auth_backend":"noauth","raw_config_urls":{"fedora":{}}`},
		{asked: post + `{"source":{"type":"tag","source":"f26"}} /api/1/composes`, why: "nobody is redirected", code: 200, says: `"source":"f26"`, apart: true},
		{
			asked: post + `{"source":{"type":"tag","source":"f26"},"arches":"x86_64"} /api/1/composes/`, why: "a text is no list of its letters", code: 400, says: "arches should be a list", apart: true,
			instead: `{"source":{"type":"tag","source":"f26"},"arches":["x86_64"]}`,
		},
		{asked: "/api/1/composes/1/", why: "all paths are good with a slash and without", code: 200, says: `"id":1,`},
		{asked: "/api/1/composes/abc", why: "what is not there is no error of the server", code: 404, says: `"404 Not Found: `},
		{asked: "/api/1/nope", why: "what is not there is no error of the server", code: 404, says: `"404 Not Found: `},
		{asked: "-X PUT /api/1/composes/1", why: "a method that is not there is no error of the server", code: 405, says: `"405 Method Not Allowed: `},
		{asked: "/api/1/composes/?order_by=bad", why: "source_type is spelt right", code: 400, says: `An invalid order_by key was suplied, allowed keys are: ['id', 'owner', 'source_type', `},
		{asked: "/api/1/composes/?order_by=source_type", why: "source_type can be ordered by", code: 200, says: `"meta"`},
		{asked: "/api/1/composes/?order_by=source_Type&per_page=1", why: "source_type can be ordered by, also where it is spelt as ODCS wants it", code: 200, says: `"id":1,`},
		{asked: "/api/1/composes/?state=done", why: "states can be given by name; here nothing is done either", code: 200, says: `"total":0`},
		{asked: "-X DELETE /api/1/composes/1", why: "without logins everybody may cancel", code: 202, says: "Compose (id=1) has been canceled", apart: true},
		{asked: "-X DELETE -H X-Test-DN: CN=joe /api/1/composes/1", why: "the number is filled in", code: 403, says: "Compose (id=1) can not be canceled, it's owned by someone else."},
		{asked: "/?x", why: "a page of our own", code: 200, says: "http://localhost/composes/"},
	}
}

// Besides, everywhere: our refusals have a hint; links to other pages are bound
// to what there was (as_of); there are composes of type locked; nothing is
// counted of Celery's workers, and its queue for cleaning up is not there.
func alike(text string) string {
	text = regexp.MustCompile(`"hint":"(\\.|[^"\\])*",`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`&as_of=\d+`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^(# (HELP|TYPE) )?celery_workers.*\n|^composes_total\{source_type="locked".*\n|^celery_queue_length\{.*\n?`).ReplaceAllString(text, "")
	return strings.ReplaceAll(text, "x 8 6 _ 6 4", "x86_64") // see differences
}

// recorded is one request to the real ODCS, and its answer.
type recorded struct {
	asked, method, path, body string
	headers                   []string
	code                      int
	answer                    string
}

func recordings(t *testing.T, name string) []recorded {
	var all []recorded
	for block := range strings.SplitSeq("\n"+string(corpus.Read(t, "odcs-oracle/"+name)), "\n### ") {
		line, rest, _ := strings.Cut(block, "\n")
		status, answer, _ := strings.Cut(rest, "\n")
		i := strings.LastIndex(line, "http://odcs.example")
		if i < 0 {
			continue
		}
		r := recorded{method: "GET", path: strings.TrimPrefix(line[i:], "http://odcs.example"), answer: strings.TrimRight(answer, "\n")}
		r.asked = line[:i] + r.path
		args, body, sent := strings.Cut(strings.TrimSpace(line[:i]), "-d ")
		if m := regexp.MustCompile(`-X (\w+)`).FindStringSubmatch(args); m != nil {
			r.method = m[1]
		} else if sent {
			r.method = "POST"
		}
		for _, m := range regexp.MustCompile(`-H ([\w-]+): (\S+)`).FindAllStringSubmatch(args, -1) {
			r.headers = append(r.headers, m[1], m[2])
		}
		r.body = strings.TrimSpace(body)
		if _, err := fmt.Sscan(status, &r.code); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

func TestTheAnswersAreThoseOfODCS(t *testing.T) {
	corpus.Path(t, "odcs-oracle/noauth.txt") // without it there is nothing to compare
	ssl := composeapi.Options{AuthBackend: "ssl", Policy: permit.Policy{
		Admins:  permit.Admins{Users: []string{"root"}},
		Clients: permit.Clients{Users: map[string]permit.Allowed{"CN=joe": {}, "dev": {SourceTypes: []string{"tag", "module"}}}},
	}}
	used := map[string]bool{}
	for name, fresh := range map[string]func() *server{
		"noauth.txt": func() *server { return newServer(t, anyone{}, open()) },
		"ssl.txt":    func() *server { return newServer(t, byHeader{}, ssl) },
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh()
			same := 0
			for _, r := range recordings(t, name) {
				prepare(t, s, name, r)
				i := slices.IndexFunc(differences(), func(d difference) bool { return d.asked == r.asked })
				if i < 0 {
					got := s.ask(r.method, r.path, r.body, r.headers...)
					compare(t, r, got)
					same++
					continue
				}
				d := differences()[i]
				used[d.asked] = true
				at := s
				if d.apart {
					if at = fresh(); r.method == "DELETE" {
						at.post(`{"source":{"type":"tag","source":"f26"}}`)
					}
				}
				got := at.ask(r.method, r.path, r.body, r.headers...)
				if got.Code != d.code || !strings.Contains(got.Body.String(), d.says) {
					t.Errorf("%s (%s)\nis    %d %s\nwant  %d %s", r.asked, d.why, got.Code, got.Body, d.code, d.says)
				}
				if d.instead != "" {
					s.post(d.instead)
				}
			}
			t.Logf("%d answers are the same", same)
		})
	}
	for _, d := range differences() {
		if !used[d.asked] {
			t.Errorf("nobody asked %s", d.asked)
		}
	}
}

// prepare does what was done beside the API when the answers were recorded.
func prepare(t *testing.T, s *server, name string, r recorded) {
	if m := regexp.MustCompile(`"time_submitted":"([^"]+)"`).FindStringSubmatch(r.answer); m != nil && r.method == "POST" {
		at, err := time.Parse(time.RFC3339, m[1])
		if err != nil {
			t.Fatal(err)
		}
		s.passes(at.Sub(s.clock()))
	}
	switch {
	case r.path == "/api/1/metrics/":
		s.fold()
	case name == "ssl.txt" && r.body == `{"seconds-to-live":1000}`:
		s.becomes(3, done)
	}
}

// compare compares byte by byte, as far as the answer was recorded; the reason
// of a state was not known to a server without a back end.
func compare(t *testing.T, r recorded, got *httptest.ResponseRecorder) {
	t.Helper()
	want, is := alike(r.answer), alike(strings.TrimRight(got.Body.String(), "\n"))
	if r.method == "OPTIONS" {
		is, want = got.Header().Get("Allow"), "GET, HEAD, OPTIONS, POST" // in another order
	}
	if got.Code != r.code || is != want && (len(want) <= 500 || !strings.HasPrefix(is, want)) {
		n := 0
		for n < min(len(is), len(want)) && is[n] == want[n] {
			n++
		}
		t.Errorf("%s\nis    %d %s\nwant  %d %s\nfrom  %s", r.asked, got.Code, is, r.code, want, is[n:min(n+60, len(is))])
	}
}
