package equivalence

import (
	"math/rand/v2"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
)

// generator makes events and filters out of few words, so that they often meet.
type generator struct{ *rand.Rand }

var (
	names  = []string{"type", "source", "subject", "id", "time", "specversion", "dataschema", "datacontenttype", "datamediatype", "schemaurl", "datacontentencoding", "repo", "branch", "attempt", "draft", "at", "missing", "a1", "knativearrivaltime"}
	odd    = []string{"", "Type", "my-ext", "1st", "ünï", "data_x", "REPO"}
	values = []string{"distaff.build.done", "distaff.", "done", "/koji", "rpms/bash", "rawhide", "f4", "3", "-1", "true", "false", "1.0", "application/json", "2026-11-21T05:00:00Z", "2026-", "é", " ", "RAWHIDE", "0001-01-01T00:00:00Z"}
	sqls   = []string{
		"type = 'distaff.build.done'", "EXISTS repo AND repo = 'rpms/bash'", "EXISTS missing", "missing = 'x'", "NOT EXISTS missing",
		"attempt = 3", "attempt > 2", "attempt + 1 = 4", "attempt = '3'", "draft", "NOT draft", "draft = true", "draft = 'true'", "draft AND TRUE", "draft OR FALSE",
		"branch IN ('rawhide', 'f4')", "branch LIKE 'raw%'", "branch LIKE '_4'", "subject NOT LIKE '%bash'", "LENGTH(branch) = 7", "UPPER(branch) = 'RAWHIDE'",
		"CONCAT(repo, branch) = 'rpms/bashrawhide'", "repo = branch", "1 = 1", "TRUE", "FALSE", "1 + 1", "'x'", "repo", "INT(branch) = 1", "BOOL(draft)", "10 / 0 = 1",
		"ABS(-1) = 1", "LEFT(branch, 3) = 'raw'", "SUBSTRING(branch, 4) = 'hide'", "NOSUCH(branch) = 1", "type = = 1", "branch != 'f4'", "branch <> 'f4'", "EXISTS draft XOR EXISTS repo",
		"time = '2026-11-21T05:00:00Z'", "dataschema = ''", "EXISTS subject", "subject = ''", "IS_BOOL(draft)", "IS_INT(attempt)", "-attempt < 0", "((repo = 'rpms/bash'))", "source = '/koji' AND missing = 1", "FALSE AND missing = 1", "TRUE OR missing = 1",
		"KN_VERIFY_CORRELATION_ID(repo, 'x')", "branch = 'é'", "attempt % 2 = 1", "\"repo\" = 'x'",
	}
)

func (g generator) one(list []string) string { return list[g.IntN(len(list))] }

func (g generator) name() string {
	if g.IntN(40) == 0 {
		return g.one(odd)
	}
	return g.one(names)
}

func (g generator) texts() map[string]string {
	texts := map[string]string{}
	for range 1 + g.IntN(2) {
		value := g.one(values)
		if g.IntN(60) == 0 {
			value = ""
		}
		texts[g.name()] = value
	}
	if g.IntN(80) == 0 {
		return map[string]string{}
	}
	return texts
}

func (g generator) filter(depth int) (x eventingv1.SubscriptionsAPIFilter) {
	kind := g.IntN(10)
	if depth == 0 {
		kind = g.IntN(6)
	}
	switch kind {
	case 0, 1:
		x.Exact = g.texts()
	case 2:
		x.Prefix = g.texts()
	case 3:
		x.Suffix = g.texts()
	case 4, 5:
		x.CESQL = g.one(sqls)
	case 6, 7:
		inner := g.filter(depth - 1)
		x.Not = &inner
	case 8:
		x.All = g.filters(depth - 1)
	case 9:
		x.Any = g.filters(depth - 1)
	}
	if g.IntN(80) == 0 {
		x.Exact = g.texts() // perhaps a second dialect
	}
	if g.IntN(120) == 0 {
		x = eventingv1.SubscriptionsAPIFilter{}
	}
	return x
}

func (g generator) filters(depth int) []eventingv1.SubscriptionsAPIFilter {
	list := []eventingv1.SubscriptionsAPIFilter{}
	for range g.IntN(4) {
		list = append(list, g.filter(depth))
	}
	if len(list) == 0 && g.IntN(20) > 0 {
		list = append(list, g.filter(depth))
	}
	return list
}

func (g generator) trigger() filtered {
	var f filtered
	if g.IntN(3) == 0 {
		f.Attributes = g.texts()
		if g.IntN(3) == 0 {
			f.Attributes[g.name()] = "" // any value but none
		}
	}
	if f.Attributes == nil || g.IntN(3) == 0 {
		f.Filters = g.filters(3)
	}
	return f
}

// event has typed attributes too, which only somebody in the same process can
// hand over: on the wire all of them are text.
func (g generator) event() event.Event {
	e := event.New()
	e.SetID(g.one([]string{"1", "3", "done"}))
	e.SetSource(g.one([]string{"/koji", "/", "distaff."}))
	e.SetType(g.one([]string{"distaff.build.done", "distaff.", "done"}))
	at := time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)
	some := func(do func()) {
		if g.IntN(2) == 0 {
			do()
		}
	}
	some(func() { e.SetSubject(g.one(values)) })
	some(func() { e.SetTime(at.In(time.FixedZone("", 3600*g.IntN(3)))) })
	some(func() { e.SetDataSchema(g.one([]string{"/koji", "https://x/distaff."})) })
	some(func() { _ = e.SetData("application/json", []byte("{}")) })
	some(func() { e.SetExtension("repo", g.one(values)) })
	some(func() { e.SetExtension("branch", g.one(values)) })
	some(func() { e.SetExtension("attempt", []any{3, int32(-1), "3", "x"}[g.IntN(4)]) })
	some(func() { e.SetExtension("draft", []any{true, false, "true", "x"}[g.IntN(4)]) })
	some(func() { e.SetExtension("a1", []any{[]byte("3"), types.URI{}, "é"}[g.IntN(3)]) })
	some(func() { e.SetExtension("at", types.Timestamp{Time: at}) })
	e.SetExtension("knativearrivaltime", types.Timestamp{Time: at})
	return e
}
