package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func triggerPauseCommand(s streams) *cobra.Command {
	var at triggersAt
	var which chosen
	var reason string
	var dry bool
	cmd := &cobra.Command{
		Use:   "pause NAME… | --function NAME | --all",
		Short: "Hold the events of Triggers in the bucket until resume",
		Long: example(
			"distaff trigger pause build-start-build-wanted --cluster -m 'Koji is down'", "no builds are ordered; the orders are kept",
			"distaff trigger pause --function status-report --cluster", "all Triggers of a function",
			"distaff trigger pause build-start-build-wanted -f eventing >paused.yaml", "a patch for the repository the cluster is made of",
		) + `Its subscriber becomes the function that keeps dead letters, which stores what
comes by that way under held/<trigger>/ in the bucket. Nothing is lost, and
nothing else changes. The true subscriber, who paused it, when and why are in
annotations (distaff.dev/paused-…). Pausing what is paused does no harm.

Without --cluster nothing is changed: a patch for kustomize is written. Where Argo
CD, Flux or another tool applies the manifests, use that, or the tool undoes the pause.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := at.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			triggers, err := which.from(w, args)
			if err != nil {
				return err
			}
			p := hold.Pause{Reason: reason, By: me(), Since: time.Now()}
			return w.each(s, triggers, func(t manifest.Trigger) error { return w.pause(cmd.Context(), s, t, p, dry) })
		},
	}
	at.flags(cmd)
	which.flags(cmd)
	cmd.Flags().StringVarP(&reason, "message", "m", "", "why; others see it in list and show")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "let the cluster tell whether it would, and change nothing")
	return cmd
}

// each does one thing to Triggers, to all of them though some fail.
func (w *wiring) each(s streams, triggers []manifest.Trigger, do func(manifest.Trigger) error) error {
	var errs []error
	for _, t := range triggers {
		if err := do(t); err != nil {
			s.progress("%s: %v", t.Name, err)
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	var exit *exitError
	if errors.As(errs[0], &exit) {
		return failed(exit.code, "%d of %s: see above", len(errs), counted(len(triggers), "Trigger", "Triggers"))
	}
	return failed(exitTrouble, "%d of %s: see above", len(errs), counted(len(triggers), "Trigger", "Triggers"))
}

// me is who runs this command.
func me() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}

func (w *wiring) pause(ctx context.Context, s streams, t manifest.Trigger, p hold.Pause, dry bool) error {
	if was, paused := hold.Paused(t); paused {
		s.progress("%s was paused before: %s", t.Name, pausedWords(was))
		return nil
	}
	sink, err := hold.Sink(t.Name, w.delivery(t).DeadLetters)
	if err != nil {
		return err
	}
	if w.client == nil {
		before := hold.Fields(t.Subscriber)
		notes, err := hold.Notes(p, before)
		if err != nil {
			return err
		}
		return writePatch(s, hold.Patch(t.Name, notes, before, sink))
	}
	l := w.live[t.Name]
	before, _, err := unstructured.NestedMap(l.object.Object, "spec", "subscriber")
	if err != nil {
		return fmt.Errorf("read its subscriber: %w", err)
	}
	notes, err := hold.Notes(p, before)
	if err != nil {
		return err
	}
	if err := w.change(ctx, t.Name, sink, notes, dry); err != nil {
		return err
	}
	s.progress("%s is paused%s: its events are held at %s in the bucket", t.Name, wouldBe(dry), hold.Prefix(t.Name))
	return nil
}

func wouldBe(dry bool) string {
	if dry {
		return " (dry run: nothing was changed)"
	}
	return ""
}

// changeTries is how often a change is tried when the Trigger changes meanwhile:
// Knative writes its status.
const changeTries = 5

// change gives a Trigger of the cluster another subscriber, and writes notes or
// takes them away. It is one step: a Trigger is never without its true
// subscriber.
func (w *wiring) change(ctx context.Context, name string, subscriber map[string]any, notes map[string]string, dry bool) error {
	object := w.live[name].object
	for n := 1; ; n++ {
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		for _, note := range hold.Names() {
			delete(annotations, note)
		}
		for note, text := range notes {
			annotations[note] = text
		}
		steps := []cluster.Step{
			{Op: "replace", Path: "/spec/subscriber", Value: subscriber},
			{Op: "add", Path: "/metadata/annotations", Value: annotations},
		}
		changed, err := w.client.Patch(ctx, cluster.Triggers, name, object.GetResourceVersion(), steps, dry)
		if err == nil {
			w.live[name] = liveOf(changed)
			return nil
		}
		if n == changeTries || !apierrors.IsConflict(err) && !apierrors.IsInvalid(err) {
			return err
		}
		was, _, _ := unstructured.NestedMap(object.Object, "spec", "subscriber")
		if object, err = w.client.Get(ctx, cluster.Triggers, name); err != nil {
			return err
		}
		is, _, _ := unstructured.NestedMap(object.Object, "spec", "subscriber")
		if fmt.Sprint(was) != fmt.Sprint(is) {
			return errors.New("somebody else changes its subscriber at this moment: look at it, and try again")
		}
	}
}

func writePatch(s streams, patch map[string]any) error {
	text, err := yaml.Marshal(patch)
	if err != nil {
		return fmt.Errorf("write the patch: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "---\n%s", text)
	return err
}
