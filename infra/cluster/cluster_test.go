package cluster_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/cluster/clustertest"
)

const trigger = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: t, namespace: ci}
spec: {broker: b, subscriber: {uri: "http://a"}}
`

func open(t *testing.T, namespace string) (*cluster.Client, *clustertest.Server) {
	t.Helper()
	server, err := clustertest.Create(trigger)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, clustertest.Kubeconfig(front.URL, "ci"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := cluster.Open(cluster.Where{Kubeconfig: file, Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestTheNamespaceIsThatOfTheContextUnlessOneIsNamed(t *testing.T) {
	for named, want := range map[string]int{"": 1, "ci": 1, "other": 0} {
		client, _ := open(t, named)
		found, err := client.List(t.Context(), cluster.Triggers)
		if err != nil || len(found) != want {
			t.Errorf("namespace %q: %d Triggers, %v", named, len(found), err)
		}
	}
}

func TestAChangeIsMadeOnlyToWhatWasRead(t *testing.T) {
	client, server := open(t, "")
	read, err := client.Get(t.Context(), cluster.Triggers, "t")
	if err != nil {
		t.Fatal(err)
	}
	change := []cluster.Step{{Op: "replace", Path: "/spec/subscriber", Value: map[string]any{"uri": "http://b"}}}
	if _, err := client.Patch(t.Context(), cluster.Triggers, "t", read.GetResourceVersion(), change, true); err != nil {
		t.Fatal(err)
	}
	if got := server.Field("Trigger", "t", "spec", "subscriber", "uri"); got != "http://a" {
		t.Errorf("a dry run made it %v", got)
	}
	if _, err := client.Patch(t.Context(), cluster.Triggers, "t", read.GetResourceVersion(), change, false); err != nil {
		t.Fatal(err)
	}
	if got := server.Field("Trigger", "t", "spec", "subscriber", "uri"); got != "http://b" {
		t.Errorf("it is %v", got)
	}
	if _, err := client.Patch(t.Context(), cluster.Triggers, "t", read.GetResourceVersion(), change, false); err == nil {
		t.Error("what changed meanwhile was changed")
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	client, server := open(t, "")
	if _, err := client.Get(t.Context(), cluster.Triggers, "gone"); !cluster.IsNotFound(err) || !strings.Contains(err.Error(), "read triggers gone in namespace ci") {
		t.Errorf("%v", err)
	}
	server.Refuse = func(*http.Request) (int, string, string) { return http.StatusForbidden, "Forbidden", "no" }
	if _, err := client.List(t.Context(), cluster.Triggers); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("%v", err)
	}
	server.Refuse = func(*http.Request) (int, string, string) { return http.StatusUnauthorized, "Unauthorized", "no" }
	if _, err := client.List(t.Context(), cluster.Triggers); err == nil || !strings.Contains(err.Error(), "log in again") {
		t.Errorf("%v", err)
	}
	server.Refuse = func(*http.Request) (int, string, string) { return http.StatusNotFound, "NotFound", "no such page" }
	if _, err := client.List(t.Context(), cluster.Triggers); !errors.Is(err, cluster.ErrNoKind) || cluster.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	none := filepath.Join(t.TempDir(), "none")
	if _, err := cluster.Open(cluster.Where{Kubeconfig: none}); err == nil {
		t.Error("a kubeconfig that is not there is read")
	}
}

func object(api, kind, name, namespace string, spec any) *unstructured.Unstructured {
	o := map[string]any{"apiVersion": api, "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}}
	if spec != nil {
		o["spec"] = spec
	}
	return &unstructured.Unstructured{Object: o}
}

func TestAClusterJudgesWithoutBeingChanged(t *testing.T) {
	client, server := open(t, "")
	spec := map[string]any{"broker": "b"}
	const api = "eventing.knative.dev/v1"
	for _, good := range []*unstructured.Unstructured{
		object(api, "Trigger", "new", "", spec), object(api, "Trigger", "new", "ci", spec), object(api, "Trigger", "new", "not-there-yet", spec),
	} {
		if err := client.TryApply(t.Context(), good); err != nil {
			t.Errorf("%s: %v", good.GetNamespace(), err)
		}
	}
	if err := client.TryApply(t.Context(), object(api, "Trigger", "bad", "", nil)); err == nil || !strings.Contains(err.Error(), "missing field(s): spec") {
		t.Errorf("%v", err)
	}
	if err := client.TryApply(t.Context(), object("sinks.knative.dev/v1alpha1", "JobSink", "j", "", spec)); !cluster.IsNoKind(err) {
		t.Errorf("%v", err)
	}
	if server.Field("Trigger", "new", "metadata", "name") != nil {
		t.Error("it was applied")
	}
}
