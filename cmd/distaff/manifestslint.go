package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/lint"
)

func lintCommand(s streams) *cobra.Command {
	var dev, server bool
	var where cluster.Where
	as := forms{all: []string{"text", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:   "lint [FILE | DIR | -]…",
		Short: "Find what Knative would take and then not do",
		Long: example(
			"kustomize build infra/overlays/prod | distaff manifests lint -", "what would be applied, whole: references are followed",
			"kustomize build infra/overlays/dev | distaff manifests lint - --dev", "a cluster that may forget events and run images by tag",
			"kustomize build infra/overlays/prod | distaff manifests lint - --server", "the cluster judges too, and changes nothing",
		) + `Checked are, each with the reason and what to do:
  - every type of event a function says is heard, on the Broker it is said on, or
    handed over to; none is waited for that nobody says; none goes round
  - each Trigger's filter, with Knative's meaning; CESQL is true or false, and
    asks EXISTS before it uses what an event may lack; nobody is sent one event twice
  - dead letter sinks, references and Brokers are there
  - times fit: an attempt is longer than a function, the attempts in all longer
    than a claim of a function that died
  - Broker, Trigger, PingSource and Service by Knative's own Go types: strict, with
    its defaults and its validation. JobSink and EventPolicy by a list of their
    fields: their Go packages are alpha and too heavy to link
  - images by digest, no secrets, limits of memory, scale to zero, K_SINK

Without a file it checks those distaff was built with. The exit code is 1 if there
is an error; warnings alone are 0.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			read, err := readManifests(s, args)
			if err != nil {
				return err
			}
			files := make([]lint.File, 0, len(read))
			for _, file := range read {
				files = append(files, lint.File{Name: file.name, Data: file.data})
			}
			found := lint.Check(files, lint.Options{
				Functions: distaff.Functions(distaff.Parts{}), Outward: distaff.Outward(), Dev: dev,
			})
			if server {
				judged, err := judge(cmd.Context(), s, where, read)
				if err != nil {
					return err
				}
				found = append(found, judged...)
			}
			return writeFindings(s, found, as.value)
		},
	}
	as.flag(cmd)
	f := cmd.Flags()
	f.BoolVar(&dev, "dev", false, "they are for a cluster to try things on")
	f.BoolVar(&server, "server", false, "also let the cluster judge them: a server-side apply as a dry run")
	f.StringVar(&where.Kubeconfig, "kubeconfig", "", "the kubeconfig of the cluster (default: as kubectl)")
	f.StringVar(&where.Context, "context", "", "the context in it")
	f.StringVarP(&where.Namespace, "namespace", "n", "", "the namespace of objects that name none")
	return cmd
}

func writeFindings(s streams, found []lint.Finding, as string) error {
	errs := 0
	for _, f := range found {
		if f.Severity == lint.Error {
			errs++
		}
	}
	switch as {
	case "json":
		if err := writeJSON(s.out, append([]lint.Finding{}, found...)); err != nil {
			return err
		}
	case "yaml":
		if err := writeYAML(s, append([]lint.Finding{}, found...)); err != nil {
			return err
		}
	default:
		for _, f := range found {
			_, _ = fmt.Fprintf(s.out, "%s:%d: %s: %s: %s [%s]\n    why: %s\n    do:  %s\n", f.File, f.Line, f.Severity, f.Object, f.What, f.Check, f.Why, f.Do)
		}
	}
	warnings := counted(len(found)-errs, "warning", "warnings")
	if errs > 0 {
		return failed(exitFailed, "%s, %s", counted(errs, "error", "errors"), warnings)
	}
	s.progress("no errors, %s", warnings)
	return nil
}

// judge lets a cluster judge each object.
func judge(ctx context.Context, s streams, where cluster.Where, files []written) ([]lint.Finding, error) {
	client, err := cluster.Open(where)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	var found []lint.Finding
	n := 0
	for _, file := range files {
		decoder := yaml.NewDecoder(bytes.NewReader(file.data))
		for {
			var node yaml.Node
			err := decoder.Decode(&node)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				break // the checks without a cluster have told of it
			}
			object, ok := objectOf(&node)
			if !ok {
				continue
			}
			n++
			err = client.TryApply(ctx, object)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				continue
			}
			severity := lint.Error
			if cluster.IsNoKind(err) {
				severity = lint.Warning
			}
			found = append(found, lint.Finding{
				File: file.name, Line: node.Content[0].Line, Object: object.GetKind() + " " + object.GetName(), Severity: severity, Check: "server",
				What: err.Error(), Why: "It is what this cluster answers to an apply.", Do: "Mend the object, or install what the cluster lacks.",
			})
		}
	}
	s.progress("%s judged %s", client.Server, counted(n, "object", "objects"))
	return found, nil
}

// objectOf makes an object of YAML, with the types of numbers JSON has.
func objectOf(node *yaml.Node) (*unstructured.Unstructured, bool) {
	var fields map[string]any
	if node.Decode(&fields) != nil {
		return nil, false
	}
	text, err := json.Marshal(fields)
	object := &unstructured.Unstructured{}
	if err != nil || object.UnmarshalJSON(text) != nil {
		return nil, false
	}
	return object, true
}
