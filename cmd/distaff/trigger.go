package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func triggerCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trigger",
		Short: "Who hears what: look at Triggers, try them, pause and resume them",
		Long: example(
			"distaff trigger list --cluster", "all Triggers of a cluster, and which are not ready, and why",
			"distaff trigger test --all --event event.json", "who would get an event, and which attribute was in the way of the others",
			"distaff trigger pause build-start-build-wanted --cluster -m 'Koji is down'", "hold its events until resume",
		) + `A Trigger brings events of one kind to one function. These commands look at
manifests (those distaff was built with, or --file), or at a cluster (--cluster).`,
	}
	cmd.AddCommand(
		triggerListCommand(s), triggerShowCommand(s), triggerTestCommand(s),
		triggerPauseCommand(s), triggerResumeCommand(s),
	)
	return cmd
}

// triggersAt is where Triggers are looked at.
type triggersAt struct {
	files []string
	live  bool
	where cluster.Where
}

func (at *triggersAt) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&at.files, "file", "f", nil, "manifests: a file, a directory, or - (default: those built in); may be given again")
	f.BoolVar(&at.live, "cluster", false, "look at a cluster instead")
	f.StringVar(&at.where.Kubeconfig, "kubeconfig", "", "the kubeconfig of the cluster (default: as kubectl)")
	f.StringVar(&at.where.Context, "context", "", "the context in it")
	f.StringVarP(&at.where.Namespace, "namespace", "n", "", "the namespace")
	cmd.MarkFlagsMutuallyExclusive("file", "cluster")
}

// read reads the Triggers. Naming a cluster's context means the cluster.
func (at *triggersAt) read(ctx context.Context, s streams) (*wiring, error) {
	if at.where != (cluster.Where{}) {
		if len(at.files) > 0 {
			return nil, failed(exitUsage, "--file reads manifests; --kubeconfig, --context and --namespace a cluster: write one of them")
		}
		at.live = true
	}
	if !at.live {
		files, err := readManifests(s, at.files)
		if err != nil {
			return nil, err
		}
		set, err := routing(files)
		if err != nil {
			return nil, failed(exitTrouble, "%w", err)
		}
		return &wiring{where: filesNamed(at.files), set: set}, nil
	}
	client, err := cluster.Open(at.where)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	w, err := fromCluster(ctx, client)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	return w, nil
}

func filesNamed(files []string) string {
	if len(files) == 0 {
		return "the manifests distaff was built with"
	}
	return strings.Join(files, ", ")
}

// wiring is Triggers that were read, and for a cluster how they are.
type wiring struct {
	where  string
	set    *manifest.Set
	client *cluster.Client // nil for manifests
	live   map[string]live
	// unclear are Triggers that a cluster has and that mean nothing.
	unclear []unclear
}

type unclear struct{ name, problem string }

// delivery is how a Trigger's events are delivered, with what is its Broker's.
func (w *wiring) delivery(t manifest.Trigger) manifest.Delivery {
	b, _ := w.set.Broker(t.Broker)
	return b.DeliveryOf(t)
}

func (w *wiring) names() []string {
	names := make([]string, 0, len(w.set.Triggers))
	for _, t := range w.set.Triggers {
		names = append(names, t.Name)
	}
	return names
}

// one gives the Trigger of a name.
func (w *wiring) one(name string) (manifest.Trigger, error) {
	for _, t := range w.set.Triggers {
		if t.Name == name {
			return t, nil
		}
	}
	for _, u := range w.unclear {
		if u.name == name {
			return manifest.Trigger{}, failed(exitTrouble, "the Trigger %s cannot be understood: %s", name, u.problem)
		}
	}
	return manifest.Trigger{}, failed(exitTrouble, "there is no Trigger %s in %s%s", name, w.where, meant(name, w.names()))
}

// chosen are the Triggers a command line names: by their names, by the function
// they go to, or all.
type chosen struct {
	function string
	all      bool
}

func (c *chosen) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.function, "function", "", "all Triggers of this function")
	cmd.Flags().BoolVar(&c.all, "all", false, "all Triggers")
}

func (c *chosen) from(w *wiring, names []string) ([]manifest.Trigger, error) {
	ways := 0
	for _, given := range []bool{len(names) > 0, c.function != "", c.all} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return nil, failed(exitUsage, "say which Triggers: NAME…, --function NAME, or --all")
	}
	if c.all {
		return w.set.Triggers, nil
	}
	var found []manifest.Trigger
	if c.function != "" {
		var functions []string
		for _, t := range w.set.Triggers {
			name := functionOf(subscriberOf(t))
			functions = append(functions, name)
			if name == c.function {
				found = append(found, t)
			}
		}
		if len(found) == 0 {
			slices.Sort(functions)
			return nil, failed(exitTrouble, "no Trigger in %s goes to %s%s", w.where, c.function, meant(c.function, slices.Compact(functions)))
		}
		return found, nil
	}
	for _, name := range names {
		t, err := w.one(name)
		if err != nil {
			return nil, err
		}
		found = append(found, t)
	}
	return found, nil
}

// subscriberOf is whom a Trigger is for, also while it is paused.
func subscriberOf(t manifest.Trigger) manifest.Destination {
	to, err := hold.True(t)
	if err != nil {
		return t.Subscriber
	}
	return to
}

// functionOf names the function at a destination, which is none where that is a
// Broker. Several may share one Service and are told apart by the path.
func functionOf(to manifest.Destination) string {
	if to.Ref.Kind != "Service" {
		return ""
	}
	if first, _, _ := strings.Cut(strings.TrimPrefix(to.URI, "/"), "/"); first != "" {
		return first
	}
	return to.Ref.Name
}

// forms are the ways a command can write its result.
type forms struct {
	value string
	all   []string
}

func (f *forms) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.value, "output", "o", f.all[0], "how to write it: "+orList(f.all))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(f.all, cobra.ShellCompDirectiveNoFileComp))
}

func (f *forms) check() error {
	if slices.Contains(f.all, f.value) {
		return nil
	}
	return failed(exitUsage, "%q is no form of output: write %s", f.value, orList(f.all))
}

func orList(words []string) string {
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
