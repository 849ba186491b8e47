package composeapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

type document struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	Summary    string
	Parameters []struct {
		Name, In string
		Schema   schema
	}
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Properties           map[string]schema
	Required             []string
	AdditionalProperties any
	Items                *schema
	Enum                 []string
}

func described(t *testing.T, s *server) document {
	w := s.ask(http.MethodGet, "/api/1/openapi.json", "")
	var d document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return d
}

// check tells where a value is not as its schema says.
func (d document) check(at string, is schema, value any) []string {
	if is.Ref != "" {
		return d.check(at, d.Components.Schemas[strings.TrimPrefix(is.Ref, "#/components/schemas/")], value)
	}
	kind := map[bool]string{true: "null"}[value == nil]
	var bad []string
	switch v := value.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, item := range v {
			bad = append(bad, d.check(at+"/"+strconv.Itoa(i), *is.Items, item)...)
		}
	case map[string]any:
		kind = "object"
		for name, item := range v {
			inner, ok := is.Properties[name]
			if ok {
				bad = append(bad, d.check(at+"/"+name, inner, item)...)
			} else if is.AdditionalProperties == false {
				bad = append(bad, at+"/"+name+" is not described")
			}
		}
		for _, name := range is.Required {
			if _, ok := v[name]; !ok {
				bad = append(bad, at+"/"+name+" is missing")
			}
		}
	}
	if types := fmt.Sprint(is.Type); !slices.Contains(strings.Fields(strings.Trim(types, "[]")), kind) {
		bad = append(bad, fmt.Sprintf("%s is a %s and not a %s", at, kind, types))
	}
	return bad
}

func TestTheDescriptionIsOfWhatIsAnswered(t *testing.T) {
	o := composeapi.Options{Policy: permit.Policy{Admins: permit.Admins{Users: []string{"root"}}, Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": {Sources: []string{"f45"}, MaxSecondsToLive: 60}}}}}
	s := newServer(t, byHeader{}, o)
	d := described(t, s)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("it is of version %q", d.OpenAPI)
	}
	seen := map[string]bool{}
	try := func(method, path, body, who string, want int) {
		t.Helper()
		w := s.ask(method, path, body, "X-Test-DN", who)
		if w.Code != want {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		pattern, _, _ := strings.Cut(path, "?")
		if rest, ok := strings.CutPrefix(pattern, composes); ok && rest != "" {
			pattern = composes + "{id}"
		}
		op, ok := d.Paths[pattern][strings.ToLower(method)]
		answer, ok2 := op.Responses[strconv.Itoa(w.Code)]
		if !ok || !ok2 {
			t.Errorf("%s %s: %d is not described", method, pattern, w.Code)
			return
		}
		seen[method+" "+pattern+" "+strconv.Itoa(w.Code)] = true
		media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		content, ok := answer.Content[media]
		if !ok {
			t.Errorf("%s %s: an answer of type %s is not described", method, pattern, media)
			return
		}
		var value any = w.Body.String()
		if media == "application/json" {
			if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
				t.Error(err)
			}
		}
		for _, bad := range d.check("", content.Schema, value) {
			t.Errorf("%s %s %d: %s", method, path, w.Code, bad)
		}
	}
	try("POST", composes, f26, "root", 200)
	try("POST", composes, f26, "alice", 403)
	try("POST", composes, f26, "", 401)
	try("POST", composes, `{}`, "root", 400)
	try("POST", composes, `{"source":{"type":"locked","rpms":["`+strings.Repeat("x", odcs.BodyMost)+`"]}}`, "root", 413)
	try("GET", composes+"?per_page=1", "", "", 200)
	try("GET", composes+"?order_by=x", "", "", 400)
	try("GET", composes+"1", "", "", 200)
	try("GET", composes+"2", "", "", 404)
	try("PATCH", composes+"1", "", "root", 404)
	try("DELETE", composes+"1", "", "root", 202)
	try("PATCH", composes+"1", "", "root", 200)
	try("PATCH", composes+"1", "[]", "root", 400)
	try("DELETE", composes+"9", "", "root", 404)
	try("DELETE", composes+"1", "", "alice", 403)
	for _, path := range []string{"/api/1/about/", "/api/1/metrics/", "/api/1/openapi.json", "/api/1/", "/"} {
		try("GET", path, "", "", 200)
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
			for code := range op.Responses {
				good := code[0] == '2'
				if key := strings.ToUpper(method) + " " + path + " " + code; good && !seen[key] {
					t.Errorf("%s is described, and was not tried", key)
				}
			}
		}
	}
}

// What is described as a field of a request is looked at: nothing but its own
// type is taken.
func TestTheFieldsThatAreDescribedAreLookedAt(t *testing.T) {
	s := newServer(t, anyone{}, open())
	d := described(t, s)
	request := d.Components.Schemas["Request"]
	fields := map[string]schema{}
	maps.Copy(fields, request.Properties)
	delete(fields, "source")
	for name, field := range fields {
		wrong(t, s, name, `{"source":{"type":"tag","source":"f26"},"`+name+`":%s}`, field)
	}
	for name, field := range request.Properties["source"].Properties {
		other := `"source":"f26"`
		if name == "source" {
			other = `"builds":["a-1-1"]`
		}
		if name != "type" {
			wrong(t, s, name, `{"source":{"type":"tag",`+other+`,"`+name+`":%s}}`, field)
		}
	}
}

func wrong(t *testing.T, s *server, name, form string, field schema) {
	t.Helper()
	bad := map[string]string{"string": `1`, "integer": `"a"`, "array": `"a"`}[field.Type.(string)]
	w := s.ask(http.MethodPost, composes, fmt.Sprintf(form, bad))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), name) {
		t.Errorf("%s as %s: %d %s", name, bad, w.Code, w.Body)
	}
	values := field.Enum
	if field.Items != nil {
		values = field.Items.Enum
	}
	for _, value := range values {
		body := `"` + value + `"`
		if field.Items != nil {
			body = "[" + body + "]"
		}
		if w := s.ask(http.MethodPost, composes, fmt.Sprintf(form, body)); w.Code != http.StatusOK {
			t.Errorf("%s as %s: %d %s", name, body, w.Code, w.Body)
		}
	}
}
