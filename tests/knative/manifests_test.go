package knative

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// overlay is what is applied: the one for a cluster without any broker but the
// in-memory one, or the one before production.
func overlay() string {
	if *rabbit {
		return "../../infra/overlays/stg"
	}
	return "../../infra/overlays/dev"
}

// render makes a folder's objects, as kubectl kustomize does.
func render(t *testing.T, dir string) []*cluster.Object {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = kustomize.LoadRestrictionsNone
	made, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := cluster.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// ofKind gives the objects of a kind.
func ofKind(objects []*cluster.Object, kind string) []*cluster.Object {
	var out []*cluster.Object
	for _, o := range objects {
		if o.GetKind() == kind {
			out = append(out, o)
		}
	}
	return out
}
