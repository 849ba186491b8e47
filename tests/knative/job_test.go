package knative

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

func TestAJobDealsWithOneEventAndItsAnswerComesToTheBroker(t *testing.T) {
	s := onStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	jobs := s.jobs()
	if err := s.cluster.Apply(ctx, jobs...); err != nil {
		t.Fatal(err)
	}
	if err := s.cluster.Ready(ctx, append(ofKind(jobs, "JobSink"), ofKind(jobs, "SinkBinding")...)...); err != nil {
		t.Fatal(err)
	}
	p := s.play()
	p.open(ctx, "rpms/job")
	p.run(ctx)
	answers := hears(t, nil)
	// An event that is like the one change-look hears, and goes to its JobSink.
	s.with(`
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: to-job}
spec:
  broker: distaff-ci
  filter: {attributes: {type: distaff.change.look-wanted, source: /tests}}
  subscriber: {ref: {apiVersion: sinks.knative.dev/v1alpha1, kind: JobSink, name: change-look}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: from-job}
spec:
  broker: distaff-ci
  filter: {attributes: {type: distaff.change.looked, cause: by-job}}
  subscriber: {uri: "` + answers.URL + `"}
`)
	before := s.nodes.Service(s.namespace, "change-look")
	before.Pause()
	defer before.Resume()
	code, err := s.post(ctx, "distaff-ci", `{"forge":"local","repo":"rpms/job","number":1,"label":"local/rpms/job/1/1/change/9"}`, map[string]string{
		"Id": "by-job", "Source": "/tests", "Type": "distaff.change.look-wanted", "Subject": "local/rpms/job#1", "Forge": "local",
	})
	if err != nil || code/100 != 2 {
		t.Fatalf("posted: %d, %v", code, err)
	}
	var made []cluster.Object
	for len(made) == 0 {
		if made, err = s.cluster.List(ctx, schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, s.namespace); err != nil {
			t.Fatal(err)
		}
		if ctx.Err() != nil {
			t.Fatal("no Job was made")
		}
	}
	if len(made) != 1 {
		t.Errorf("%d Jobs were made", len(made))
	}
	done, err := s.nodes.Run(ctx, &made[0])
	if err != nil || done.ExitCode != 0 {
		t.Fatalf("the Job ended with %d: %v\n%s", done.ExitCode, err, done.Log)
	}
	answer := answers.wait(t)
	if !strings.Contains(answer.Body, `"local/rpms/job/1/1/change/9"`) {
		t.Errorf("the answer is %s", answer.Body)
	}
}

// jobs are the objects the component adds to the overlay, as they are rendered
// with it.
func (s *stage) jobs() []*cluster.Object {
	s.t.Helper()
	dir := s.t.TempDir()
	for _, name := range []string{"infra", "eventing"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("../..", name))); err != nil {
			s.t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "infra", "overlays", "dev")
	file := filepath.Join(at, "kustomization.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	with := strings.Replace(string(text), "components:\n", "components:\n  - ../../components/jobs\n", 1)
	if err := os.WriteFile(file, []byte(with), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var added []*cluster.Object
	for _, o := range render(s.t, at) {
		if o.GetKind() == "JobSink" || o.GetKind() == "SinkBinding" {
			added = append(added, o)
		}
	}
	return added
}
