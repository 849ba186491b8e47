package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// environments are the overlays; all have every component below tried on them.
var environments = []string{"dev", "stg", "prod"}

// render builds an overlay as kubectl kustomize does, with more components.
func render(t *testing.T, environment string, components ...string) resmap.ResMap {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	for _, dir := range []string{"eventing", "infra/base", "infra/components", "infra/overlays"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return disk.WriteFile("/"+name, body)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	top := "/infra/overlays/" + environment
	// As docs/install.md says: before release, which has the last word on images.
	overlay, err := disk.ReadFile(top + "/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := "components:\n"
	for _, c := range components {
		lines += "  - ../../components/" + c + "\n"
	}
	changed := strings.Replace(string(overlay), "components:\n", lines, 1)
	if err := disk.WriteFile(top+"/kustomization.yaml", []byte(changed)); err != nil {
		t.Fatal(err)
	}
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, top)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// of picks the objects of a kind.
func of(all resmap.ResMap, kind string) []*resource.Resource {
	var out []*resource.Resource
	for _, r := range all.Resources() {
		if r.GetKind() == kind {
			out = append(out, r)
		}
	}
	return out
}

// text is a field of an object, by its path.
func text(t *testing.T, r *resource.Resource, path string) string {
	t.Helper()
	value, err := r.GetString(path)
	if err != nil {
		t.Errorf("%s %s: %v", r.GetKind(), r.GetName(), err)
	}
	return value
}

func TestEverythingIsInTheNamespaceOfItsEnvironment(t *testing.T) {
	for _, environment := range environments {
		want := "distaff-" + environment
		for _, r := range render(t, environment).Resources() {
			if r.GetKind() == "Namespace" {
				if r.GetName() != want {
					t.Errorf("the namespace of %s is %s", environment, r.GetName())
				}
				continue
			}
			if r.GetNamespace() != want {
				t.Errorf("%s: %s %s is in %q", environment, r.GetKind(), r.GetName(), r.GetNamespace())
			}
		}
	}
}

func TestEachBrokerHasItsSettingsBesideIt(t *testing.T) {
	class := map[string]string{"dev": "MTChannelBasedBroker", "stg": "RabbitMQBroker", "prod": "RabbitMQBroker"}
	for _, environment := range environments {
		all := render(t, environment)
		brokers := of(all, "Broker")
		if len(brokers) != 2 {
			t.Errorf("%s has %d brokers", environment, len(brokers))
		}
		for _, b := range brokers {
			if got := b.GetAnnotations()["eventing.knative.dev/broker.class"]; got != class[environment] {
				t.Errorf("%s: %s is a %s", environment, b.GetName(), got)
			}
			async := b.GetAnnotations()["messaging.knative.dev/async-handler"]
			if (async == "true") != (environment == "dev") {
				t.Errorf("%s: %s has async-handler %q", environment, b.GetName(), async)
			}
			kind, name, namespace := text(t, b, "spec.config.kind"), text(t, b, "spec.config.name"), text(t, b, "spec.config.namespace")
			found := false
			for _, r := range of(all, kind) {
				found = found || r.GetName() == name && r.GetNamespace() == namespace
			}
			if !found {
				t.Errorf("%s: %s takes its settings from the %s %s/%s, which is not there", environment, b.GetName(), kind, namespace, name)
			}
		}
	}
}

// The digest of a release reaches every place that names the image, and nothing
// else names one.
func TestEveryImageIsThatOfTheRelease(t *testing.T) {
	for _, environment := range environments {
		n := 0
		for _, r := range render(t, environment, "jobs").Resources() {
			body, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(body)) {
				name, isImage := strings.CutPrefix(strings.TrimLeft(line, " -"), "image: ")
				if !isImage {
					continue
				}
				n++
				if !strings.Contains(name, "@sha256:") {
					t.Errorf("%s: %s %s runs %s", environment, r.GetKind(), r.GetName(), name)
				}
			}
		}
		if n < len(units(t)) {
			t.Errorf("%s: %d images", environment, n)
		}
	}
}

// The name of the ConfigMap changes with what is in it, so a change of the
// configuration makes new revisions; all have to follow.
func TestAllReadTheConfigurationOfTheirEnvironment(t *testing.T) {
	all := render(t, "prod", "jobs")
	var name string
	for _, c := range of(all, "ConfigMap") {
		if strings.HasPrefix(c.GetName(), "distaff-") {
			name = c.GetName()
		}
	}
	for kind, at := range map[string]string{"Service": "spec.template.spec", "JobSink": "spec.job.spec.template.spec"} {
		for _, r := range of(all, kind) {
			if got := text(t, r, at+".volumes.[name=config].configMap.name"); got != name || name == "" {
				t.Errorf("%s %s reads %q, and there is %q", kind, r.GetName(), got, name)
			}
		}
	}
}

func TestASubscriberCanBeAJob(t *testing.T) {
	var jobs []string
	for _, tr := range of(render(t, "dev", "jobs"), "Trigger") {
		if text(t, tr, "spec.subscriber.ref.kind") == "JobSink" {
			jobs = append(jobs, tr.GetName())
			if got := text(t, tr, "spec.subscriber.ref.apiVersion"); got != "sinks.knative.dev/v1alpha1" {
				t.Errorf("%s: %s", tr.GetName(), got)
			}
		}
	}
	slices.Sort(jobs)
	want := []string{
		"change-look-change-look-wanted", "compose-make-compose-make-wanted-large", "tests-request-testing-farm-request-changed", "tests-request-tests-cancel-wanted",
		"tests-request-tests-look-wanted", "tests-request-tests-wanted",
	}
	if diff := cmp.Diff(want, jobs); diff != "" {
		t.Error(diff)
	}
}
