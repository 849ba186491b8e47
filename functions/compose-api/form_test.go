package composeapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The forms clients read, to the byte: also where no recorded answers are.
func TestForms(t *testing.T) {
	s := newServer(t, anyone{}, open())
	const compose = `{"arches":"x86_64 s390x","base_module_br_name":null,"base_module_br_stream":null,"base_module_br_stream_version_gte":null,` +
		`"base_module_br_stream_version_lte":null,"builds":null,"compose_type":"test","flags":["no_deps"],"id":1,"koji_event":7,"koji_task_id":null,` +
		`"label":"RC-1.0","lookaside_repos":"","modular_koji_tags":null,"module_defaults_url":null,"modules":null,"multilib_arches":"","multilib_method":0,` +
		`"owner":"unknown","packages":"bash","parent_pungi_compose_ids":null,"pungi_compose_id":null,`
	const rest = `"removed_by":null,"respin_of":null,"result_repo":"http://localhost/composes/odcs-1/compose/Temporary",` +
		`"result_repofile":"http://localhost/composes/odcs-1/compose/Temporary/odcs-1.repo","results":["repository"],"scratch_build_tasks":null,` +
		`"scratch_modules":null,"sigkeys":"f00d ","source":"f26","source_type":1,"state":0,"state_name":"wait","state_reason":null,"target_dir":"default",` +
		`"time_done":null,"time_removed":null,"time_started":null,"time_submitted":"2026-11-21T00:41:16Z","time_to_expire":"2026-11-22T00:41:16Z",` +
		`"toplevel_url":"http://localhost/composes/odcs-1"}`
	body := `{"source":{"type":"tag","source":"f26","packages":["bash"],"sigkeys":["f00d",""],"koji_event":7},"flags":["no_deps"],"arches":["x86_64","s390x"],"label":"RC-1.0"}`
	for _, tt := range []struct{ method, path, body, want string }{
		{http.MethodPost, composes, body, compose + rest},
		{http.MethodGet, composes + "1", "", compose + `"pungi_config_dump":null,` + rest},
		{
			http.MethodGet, composes + "?per_page=1&owner=unknown", "", `{"items":[` + compose + rest + `],"meta":{"first":"http://odcs.example/api/1/composes/?page=1&per_page=1&owner=unknown",` +
				`"last":"http://odcs.example/api/1/composes/?page=1&per_page=1&owner=unknown&as_of=1","next":null,"page":1,"pages":1,"per_page":1,"prev":null,"total":1}}`,
		},
		{http.MethodGet, composes + "2", "", `{"error":"Not Found","message":"No such compose found.","status":404}`},
		{http.MethodPost, composes, `{"source":{}}`, `{"error":"Bad Request","hint":"Write \"source\": {\"type\": …}.","message":"Missing type in source configuration, received: {}","status":400}`},
		{http.MethodDelete, composes + "1", "", `{"message":"Compose (id=1) has been canceled","status":202}`},
	} {
		if diff := cmp.Diff(tt.want+"\n", s.ask(tt.method, tt.path, tt.body).Body.String()); diff != "" {
			t.Errorf("%s %s:\n%s", tt.method, tt.path, diff)
		}
	}
}

func TestWhatODCSDoesNotTellIsToldWhoAsksForIt(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.ask(http.MethodPost, composes, `{"source":{"type":"tag","source":"f26"}}`)
	for query, told := range map[string]bool{"": false, "?more=1": true} {
		if got := strings.Contains(s.ask(http.MethodGet, composes+"1"+query, "").Body.String(), `"distaff":{"trail":[`); got != told {
			t.Errorf("%q: %v", query, got)
		}
	}
}
