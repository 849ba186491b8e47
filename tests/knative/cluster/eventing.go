package cluster

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/distaff-project/distaff/tests/knative/room"
)

// Where the parts of the data plane are found in the room.
const (
	dispatcherAt = "127.0.0.1:8080" // fixed in its code
	ingressAt    = "127.0.0.1:8081"
	filterAt     = "127.0.0.1:8082"
	routerAt     = "127.0.0.1:8099"
)

// The annexes: the webhook's probes and the JobSink have the dispatcher's port.
func webhookAnnex() *room.Annex { return &room.Annex{Number: 1, Owns: webhookAddress} }
func jobsinkAnnex() *room.Annex { return &room.Annex{Number: 2} }

// DataPlane names the programs events pass through. The controllers are one
// process with the channels' dispatcher, so they are among them.
func DataPlane() []string { return []string{"ingress", "filter", "controllers"} }

// startEventing starts Knative Eventing.
func (c *Cluster) startEventing(ctx context.Context) error {
	c.Router = NewRouter(map[string]string{
		"broker-ingress.": ingressAt, "broker-filter.": filterAt, "imc-dispatcher.": dispatcherAt,
		"job-sink.": jobsinkAnnex().Address() + ":8080",
	}, dispatcherAt)
	if err := c.Router.Listen(ctx, routerAt); err != nil {
		return err
	}
	access, err := c.Access("127.0.0.1")
	if err != nil {
		return err
	}
	profiling := 8008
	env := func(name string, more ...string) []string {
		profiling++
		return append([]string{
			"KUBECONFIG=" + access, "SYSTEM_NAMESPACE=" + System, "NAMESPACE=" + System, "CONFIG_LOGGING_NAME=config-logging",
			"CONFIG_OBSERVABILITY_NAME=config-observability", "METRICS_DOMAIN=knative.dev/local", "CLUSTER_DOMAIN=cluster.local",
			"HTTP_PROXY=http://" + routerAt, "POD_NAME=" + name, "CONTAINER_NAME=" + name, "PROFILING_PORT=" + strconv.Itoa(profiling),
		}, more...)
	}
	outside := func(a *room.Annex) (string, error) {
		file, err := c.Access(a.Room())
		return "KUBECONFIG=" + file, err
	}
	fromWebhook, err1 := outside(webhookAnnex())
	fromJobsink, err2 := outside(jobsinkAnnex())
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, p := range []*Process{
		{Name: "webhook", Path: "webhook", Args: []string{"--disable-ha"}, Annex: webhookAnnex(), Env: env("webhook",
			fromWebhook, "HTTP_PROXY=", "WEBHOOK_NAME=eventing-webhook", "WEBHOOK_PORT=443", "SINK_BINDING_SELECTION_MODE=exclusion")},
		{Name: "controllers", Path: "controllers", Args: []string{"--disable-ha"}, Env: env("controllers",
			"DISPATCHER_IMAGE=none", "MAX_IDLE_CONNS=1000", "MAX_IDLE_CONNS_PER_HOST=1000")},
		{Name: "ingress", Path: "ingress", Env: env("ingress", "INGRESS_PORT=8081", "INGRESS_PORT_HTTPS=8441")},
		{Name: "filter", Path: "filter", Env: env("filter", "FILTER_PORT=8082", "FILTER_PORT_HTTPS=8442")},
		{Name: "jobsink", Path: "jobsink", Annex: jobsinkAnnex(), Env: env("jobsink", fromJobsink, "HTTP_PROXY=")},
		{Name: "kube-controller-manager", Path: "kube-controller-manager", Args: []string{
			"--kubeconfig", access, "--leader-elect=false", "--controllers=garbage-collector-controller,namespace-controller",
			"--bind-address", "127.0.0.1", "--cert-dir", c.path("certificates-controllers"),
		}},
	} {
		if err := c.run(p); err != nil {
			return err
		}
	}
	return c.Healthy(ctx)
}

// Healthy returns when the data plane answers and the webhook is asked.
func (c *Cluster) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, at := range []string{dispatcherAt, ingressAt, filterAt, jobsinkAnnex().Address() + ":8080"} {
		if err := until(ctx, at+" answers", func(ctx context.Context) error { return listens(ctx, at) }); err != nil {
			return err
		}
	}
	return until(ctx, "the webhook has said what it wants to be asked about", c.asked)
}

// listens fails unless somebody answers at an address, whatever it is.
func listens(ctx context.Context, at string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// asked fails until the webhook has completed its configurations.
func (c *Cluster) asked(ctx context.Context) error {
	return errors.Join(
		c.completed(ctx, "MutatingWebhookConfiguration", "webhook.eventing.knative.dev"),
		c.completed(ctx, "ValidatingWebhookConfiguration", "validation.webhook.eventing.knative.dev"),
	)
}

// completed fails until a webhook has completed its configuration.
func (c *Cluster) completed(ctx context.Context, kind, name string) error {
	o, err := c.Get(ctx, schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind}, "", name)
	if err != nil {
		return err
	}
	hooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
	for _, h := range hooks {
		hook, _ := h.(map[string]any)
		if rules, _, _ := unstructured.NestedSlice(hook, "rules"); len(rules) == 0 {
			return errors.New(name + " has no rules")
		}
	}
	return nil
}
