package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// TryApply lets the cluster judge an object, its own webhooks included, and
// changes nothing: a server-side apply as a dry run. Objects without a
// namespace, and those of one that is not there yet, are tried in the Client's.
func (c *Client) TryApply(ctx context.Context, object *unstructured.Unstructured) error {
	err := c.tryApply(ctx, object)
	var status apierrors.APIStatus
	if object.GetNamespace() == c.Namespace || !errors.As(err, &status) || !apierrors.IsNotFound(err) ||
		status.Status().Details == nil || status.Status().Details.Kind != "namespaces" {
		return err
	}
	elsewhere := object.DeepCopy()
	elsewhere.SetNamespace(c.Namespace)
	return c.tryApply(ctx, elsewhere)
}

func (c *Client) tryApply(ctx context.Context, object *unstructured.Unstructured) error {
	if c.mapper == nil {
		found, err := discovery.NewDiscoveryClientForConfig(c.config)
		if err != nil {
			return fmt.Errorf("ask the cluster for its kinds: %w", err)
		}
		groups, err := restmapper.GetAPIGroupResources(found)
		if err != nil {
			return fmt.Errorf("ask the cluster for its kinds: %w", err)
		}
		c.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	}
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%w: %s", ErrNoKind, kind)
	}
	if err != nil {
		return fmt.Errorf("ask the cluster for %s: %w", kind, err)
	}
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	var to dynamic.ResourceInterface = c.objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = c.Namespace
		}
		to = c.objects.Resource(mapping.Resource).Namespace(namespace)
	}
	force, strict := true, metav1.FieldValidationStrict
	_, err = to.Patch(ctx, object.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: strict, DryRun: []string{metav1.DryRunAll},
	})
	return err
}

// IsNoKind tells whether the cluster does not know the kind of object.
func IsNoKind(err error) bool { return errors.Is(err, ErrNoKind) }
