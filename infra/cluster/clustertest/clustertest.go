// Package clustertest is a small Kubernetes API: it keeps objects in memory,
// and speaks the REST of a real one for reading, JSON patches and applies on
// trial. It controls nothing: what a controller would write, tests put in.
package clustertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
)

// Server is the API. Create makes one.
type Server struct {
	mu      sync.Mutex
	objects []map[string]any
	version int
	// Refuse, if set, answers instead: an HTTP status and its reason.
	Refuse func(r *http.Request) (code int, reason, message string)
	// Before, if set, is called before a patch is looked at: a controller that
	// writes at the same moment.
	Before func(name string)
	// Requests are all that came: "PATCH /apis/…".
	Requests []string
}

// Create puts objects there, as YAML documents.
func Create(manifests ...string) (*Server, error) {
	s := &Server{}
	for _, text := range manifests {
		for document := range strings.SplitSeq(text, "\n---\n") {
			var object map[string]any
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, err
			}
			if object != nil {
				s.put(object)
			}
		}
	}
	return s, nil
}

func (s *Server) put(object map[string]any) {
	s.version++
	set(object, strconv.Itoa(s.version), []string{"metadata", "resourceVersion"})
	s.objects = append(s.objects, object)
}

// Set writes a field of an object, as a controller does.
func (s *Server) Set(kind, name string, value any, path ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.objects {
		if o["kind"] == kind && field(o, "metadata", "name") == name {
			set(o, value, path)
			s.touch(o)
		}
	}
}

// Field gives a field of an object.
func (s *Server) Field(kind, name string, path ...string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.objects {
		if o["kind"] == kind && field(o, "metadata", "name") == name {
			return field(o, path...)
		}
	}
	return nil
}

func (s *Server) touch(o map[string]any) {
	s.version++
	set(o, strconv.Itoa(s.version), []string{"metadata", "resourceVersion"})
}

func field(from map[string]any, path ...string) any {
	var at any = from
	for _, name := range path {
		inside, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inside[name]
	}
	return at
}

func set(into map[string]any, value any, path []string) {
	for _, name := range path[:len(path)-1] {
		next, ok := into[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			into[name] = next
		}
		into = next
	}
	into[path[len(path)-1]] = value
}

// kinds are those that are known, by resource.
func kinds() map[string]string {
	return map[string]string{
		"brokers": "Broker", "triggers": "Trigger", "pingsources": "PingSource", "subscriptions": "Subscription", "services": "Service",
	}
}

// groups are the API groups, each with its resources.
func groups() map[string][]string {
	return map[string][]string{
		"eventing.knative.dev": {"brokers", "triggers"}, "sources.knative.dev": {"pingsources"},
		"messaging.knative.dev": {"subscriptions"}, "serving.knative.dev": {"services"},
	}
}

// ServeHTTP answers as an API server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.Requests = append(s.Requests, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if s.Refuse != nil {
		if code, reason, message := s.Refuse(r); code != 0 {
			status(w, code, reason, message, nil)
			return
		}
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api":
		answer(w, map[string]any{"kind": "APIVersions", "versions": []string{}})
	case r.URL.Path == "/apis":
		s.list(w)
	case len(parts) == 3 && parts[0] == "apis":
		resources(w, parts[1])
	case len(parts) >= 6 && parts[0] == "apis" && parts[3] == "namespaces" && slices.Contains(groups()[parts[1]], parts[5]):
		s.object(w, r, parts[4], parts[5], parts[6:])
	default:
		status(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource", map[string]any{})
	}
}

func (s *Server) list(w http.ResponseWriter) {
	var all []map[string]any
	for name := range groups() {
		v := map[string]any{"groupVersion": name + "/v1", "version": "v1"}
		all = append(all, map[string]any{"name": name, "versions": []any{v}, "preferredVersion": v})
	}
	answer(w, map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

func resources(w http.ResponseWriter, group string) {
	all := []map[string]any{}
	for _, name := range groups()[group] {
		all = append(all, map[string]any{"name": name, "kind": kinds()[name], "namespaced": true, "verbs": []string{"get", "list", "patch"}})
	}
	answer(w, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group + "/v1", "resources": all})
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, namespace, resource string, rest []string) {
	kind := kinds()[resource]
	if len(rest) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		items := []any{}
		for _, o := range s.objects {
			if o["kind"] == kind && field(o, "metadata", "namespace") == namespace {
				items = append(items, o)
			}
		}
		answer(w, map[string]any{"kind": kind + "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items})
		return
	}
	if r.Method == http.MethodPatch && s.Before != nil {
		s.Before(rest[0])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	details := map[string]any{"name": rest[0], "kind": resource}
	if r.Header.Get("Content-Type") == "application/apply-patch+yaml" {
		s.try(w, r, namespace, details)
		return
	}
	i := slices.IndexFunc(s.objects, func(o map[string]any) bool {
		return o["kind"] == kind && field(o, "metadata", "name") == rest[0] && field(o, "metadata", "namespace") == namespace
	})
	if i < 0 {
		status(w, http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", resource, rest[0]), details)
		return
	}
	if r.Method == http.MethodPatch {
		s.patch(w, r, i, details)
		return
	}
	answer(w, s.objects[i])
}

// try judges an apply: objects of a namespace that has none are refused, as are
// those without a spec.
func (s *Server) try(w http.ResponseWriter, r *http.Request, namespace string, details map[string]any) {
	var object map[string]any
	if err := json.NewDecoder(r.Body).Decode(&object); err != nil || r.URL.Query().Get("dryRun") != "All" {
		status(w, http.StatusBadRequest, "BadRequest", "only applies on trial are known", details)
		return
	}
	there := slices.ContainsFunc(s.objects, func(o map[string]any) bool { return field(o, "metadata", "namespace") == namespace })
	switch {
	case !there:
		status(w, http.StatusNotFound, "NotFound", fmt.Sprintf("namespaces %q not found", namespace), map[string]any{"name": namespace, "kind": "namespaces"})
	case object["spec"] == nil:
		status(w, http.StatusBadRequest, "BadRequest", "admission webhook \"webhook.example.org\" denied the request: validation failed: missing field(s): spec", details)
	default:
		answer(w, object)
	}
}

// patch applies a JSON patch of the operations test, add and replace.
func (s *Server) patch(w http.ResponseWriter, r *http.Request, i int, details map[string]any) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var steps []struct {
		Op, Path string
		Value    any
	}
	if err == nil {
		err = json.Unmarshal(body, &steps)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/json-patch+json" {
		status(w, http.StatusUnsupportedMediaType, "UnsupportedMediaType", "only JSON patches are known", details)
		return
	}
	var object map[string]any
	text, _ := json.Marshal(s.objects[i]) // it came from JSON
	_ = json.Unmarshal(text, &object)
	for _, step := range steps {
		path := strings.Split(strings.Trim(step.Path, "/"), "/")
		if step.Op == "test" && field(object, path...) != step.Value {
			status(w, http.StatusUnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request", details)
			return
		}
		if step.Op != "test" {
			set(object, step.Value, path)
		}
	}
	if r.URL.Query().Get("dryRun") == "" {
		s.touch(object)
		s.objects[i] = object
	}
	answer(w, object)
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func status(w http.ResponseWriter, code int, reason, message string, details map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"code": code, "reason": reason, "message": message, "details": details,
	})
}

// Kubeconfig is a kubeconfig for an address, with its current namespace.
func Kubeconfig(address, namespace string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q}}]
users: [{name: test, user: {}}]
contexts: [{name: test, context: {cluster: test, user: test, namespace: %s}}]
current-context: test
`, address, namespace)
}
