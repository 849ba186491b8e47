package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// Object is one of the API's.
type Object = unstructured.Unstructured

// Parse reads the objects of a YAML text.
func Parse(text []byte) ([]*Object, error) {
	var out []*Object
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		o := &Object{}
		err := decoder.Decode(&o.Object)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case len(o.Object) > 0:
			out = append(out, o)
		}
	}
}

// ParseFile reads the objects of a YAML file.
func ParseFile(file string) ([]*Object, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	objects, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return objects, nil
}

// Resource gives access to the objects of a kind in a namespace, which is left
// out for kinds that have none.
func (c *Cluster) Resource(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) { // a CRD that was not there at the last look
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, err
	}
	all := c.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return all, nil
	}
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return all.Namespace(namespace), nil
}

// Apply has the API server apply objects, one after the other, as kubectl apply
// --server-side does. Each is validated strictly: a misspelled field is an error.
func (c *Cluster) Apply(ctx context.Context, objects ...*Object) error {
	for _, o := range objects {
		resource, err := c.Resource(o.GroupVersionKind(), o.GetNamespace())
		if err != nil {
			return fmt.Errorf("apply %s: %w", Name(o), err)
		}
		text, err := o.MarshalJSON()
		if err != nil {
			return fmt.Errorf("apply %s: %w", Name(o), err)
		}
		force := true
		_, err = resource.Patch(ctx, o.GetName(), types.ApplyPatchType, text,
			metav1.PatchOptions{FieldManager: "distaff", FieldValidation: metav1.FieldValidationStrict, Force: &force})
		if err != nil {
			return fmt.Errorf("apply %s: %w", Name(o), err)
		}
	}
	return nil
}

// create makes objects that are not there yet; those that are stay.
func (c *Cluster) create(ctx context.Context, objects ...*Object) error {
	for _, o := range objects {
		resource, err := c.Resource(o.GroupVersionKind(), o.GetNamespace())
		if err == nil {
			_, err = resource.Create(ctx, o, metav1.CreateOptions{FieldValidation: metav1.FieldValidationIgnore})
		}
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create %s: %w", Name(o), err)
		}
	}
	return nil
}

// Get reads an object as it is now.
func (c *Cluster) Get(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (*Object, error) {
	resource, err := c.Resource(kind, namespace)
	if err != nil {
		return nil, err
	}
	return resource.Get(ctx, name, metav1.GetOptions{})
}

// List reads all objects of a kind in a namespace.
func (c *Cluster) List(ctx context.Context, kind schema.GroupVersionKind, namespace string) ([]Object, error) {
	resource, err := c.Resource(kind, namespace)
	if err != nil {
		return nil, err
	}
	list, err := resource.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// Delete removes an object.
func (c *Cluster) Delete(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) error {
	resource, err := c.Resource(kind, namespace)
	if err != nil {
		return err
	}
	return resource.Delete(ctx, name, metav1.DeleteOptions{})
}

// SetStatus sets fields of an object's status, as its controller would.
func (c *Cluster) SetStatus(ctx context.Context, o *Object, status map[string]any) error {
	resource, err := c.Resource(o.GroupVersionKind(), o.GetNamespace())
	if err != nil {
		return err
	}
	patch := &Object{Object: map[string]any{"status": status}}
	text, err := patch.MarshalJSON()
	if err == nil {
		_, err = resource.Patch(ctx, o.GetName(), types.MergePatchType, text, metav1.PatchOptions{}, "status")
	}
	if err != nil {
		return fmt.Errorf("set the status of %s: %w", Name(o), err)
	}
	return nil
}

// Ready returns when all objects say that they are.
func (c *Cluster) Ready(ctx context.Context, objects ...*Object) error {
	const patience = 3 * time.Minute // a broker's objects are many, and made at their controllers' pace
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, o := range objects {
		err := until(ctx, Name(o)+" is ready", func(ctx context.Context) error {
			now, err := c.Get(ctx, o.GroupVersionKind(), o.GetNamespace(), o.GetName())
			if err != nil {
				return err
			}
			return ready(now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func ready(o *Object) error {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	why := errors.New("it has no condition Ready")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] != "Ready" {
			continue
		}
		if condition["status"] == "True" {
			return nil
		}
		why = fmt.Errorf("Ready is %v: %v: %v", condition["status"], condition["reason"], condition["message"])
	}
	return why
}

// Name is how an object is spoken of.
func Name(o *Object) string { return o.GetKind() + " " + o.GetName() }
