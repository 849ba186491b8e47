package page

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Place is an address within the status page, relative to its front page:
// pr/fedora/rpms/bash/12.
type Place string

// Site is what a page of the status page knows of where it is.
type Site struct {
	// Base leads to the front page: ./ or ../../.
	Base string
	// JSON is where the page's twin is.
	JSON string
	// Query is what was searched for, to be shown in the search box.
	Query string
	// Section is the part of the status page it belongs to: "ops" or "".
	Section string
	// Home is the address of the status page, where this is a page of composes;
	// empty: it is not known.
	Home string
	// Refresh is after how many seconds the page renews itself; 0: it does not.
	Refresh int
	// Made is when the data were read.
	Made time.Time
}

// Results is what a search found, or did not.
type Results struct {
	Query string `json:"query"`
	Hits  []Hit  `json:"hits"`
	// Searched says what was looked for, in words.
	Searched []string `json:"searched,omitempty"`
	// Days is how long what is searched is kept; 0: for ever.
	Days int `json:"kept_days,omitempty"`
	// Near are packages with a name like it.
	Near []Hit `json:"near,omitempty"`
}

// Hit is one thing found.
type Hit struct {
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Place Place  `json:"place"`
	Said  string `json:"said,omitempty"`
}

// Missing is a page that is not there.
type Missing struct {
	Title string `json:"error"`
	Text  string `json:"text"`
	// Back leads to what is there.
	Back     Place  `json:"back,omitempty"`
	BackText string `json:"back_text,omitempty"`
}

// Graph is the picture of which function hears what.
type Graph struct {
	Picture Place `json:"picture"`
}

// siteView is a page of the status page as its template needs it.
type siteView struct {
	sheet
	Site
	Data any
}

// RenderSite makes a page of the status page and its machine-readable twin: of
// a Front, PullRequest, Package, Ops, Results, Missing or Graph.
func RenderSite(site Site, data any) (html, twin []byte, err error) {
	if name := templateOf(data); name == "" {
		return nil, nil, fmt.Errorf("write a page: there is none for %T", data)
	}
	data = listed(clean(reflect.ValueOf(data))).Interface()
	site = clean(reflect.ValueOf(site)).Interface().(Site)
	name := templateOf(data)
	if twin, err = json.MarshalIndent(data, "", "  "); err != nil {
		return nil, nil, fmt.Errorf("write %s as JSON: %w", name, err)
	}
	more, err := files.ReadFile("site.css")
	if err != nil {
		return nil, nil, err // it is embedded
	}
	v := siteView{sheet: newSheet(string(more)), Site: site, Data: data}
	v.Policy = Policy("<style>" + v.CSS + "</style>")
	if html, err = execute(name, v); err != nil {
		return nil, nil, fmt.Errorf("write %s: %w", name, err)
	}
	return html, append(twin, '\n'), nil
}

// listed makes lists without elements of lists that are missing, for those who
// read the twin.
func listed(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return v
}

func templateOf(data any) string {
	switch data.(type) {
	case Front:
		return "front.tmpl"
	case PullRequest:
		return "pullrequest.tmpl"
	case Package:
		return "package.tmpl"
	case Ops:
		return "ops.tmpl"
	case Results:
		return "results.tmpl"
	case Missing:
		return "missing.tmpl"
	case Graph:
		return "graph.tmpl"
	}
	return composeTemplateOf(data)
}
