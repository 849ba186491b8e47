package nodes

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// Done is how a Job's container ended.
type Done struct {
	ExitCode int
	Log      string
}

// Run runs the container of a Job once, and returns when it has ended.
func (n *Nodes) Run(ctx context.Context, job *cluster.Object) (Done, error) {
	spec, _, _ := unstructured.NestedMap(job.Object, "spec", "template", "spec")
	pod, err := podOf(spec)
	if err != nil {
		return Done{}, err
	}
	c, err := n.prepare(ctx, job.GetNamespace(), job.GetName(), pod)
	if err != nil {
		return Done{}, err
	}
	p := n.process(c)
	if err := p.Start(); err != nil {
		return Done{}, err
	}
	select {
	case <-p.Over():
	case <-ctx.Done():
		p.Kill()
		return Done{}, fmt.Errorf("run the Job %s: %w", job.GetName(), ctx.Err())
	}
	return Done{p.ExitCode(), text(p.Log)}, nil
}
