package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/distaff-project/distaff/tests/knative/room"
)

// RabbitOptions say which RabbitMQ Knative's broker for it is to use.
type RabbitOptions struct {
	// Programs is the folder of the kit.
	Programs string
	// Broker, Topology and Operator are the folders of the modules
	// eventing-rabbitmq, messaging-topology-operator and cluster-operator, for the
	// stock manifests in them.
	Broker, Topology, Operator string
	// Namespace and Name are those of the RabbitmqCluster, and Allowed the
	// namespace whose objects may be made in it.
	Namespace, Name, Allowed string
	// Port and Management are the server's, on loopback.
	Port, Management int
	// User and Password are the server's.
	User, Password string
}

// The images that the broker's Deployments name.
const (
	RabbitIngress    = "rabbit-ingress"
	RabbitDispatcher = "rabbit-dispatcher"
)

const rabbitWebhookAddress = "10.96.0.51"

func rabbitWebhookAnnex() *room.Annex { return &room.Annex{Number: 3, Owns: rabbitWebhookAddress} }

// StartRabbit starts Knative's broker for RabbitMQ and the operator that makes
// its exchanges and queues. What the cluster operator would say of the server is
// written by hand.
func (c *Cluster) StartRabbit(ctx context.Context, o RabbitOptions) error {
	definitions, err := glob([]string{
		filepath.Join(o.Broker, "config/broker/300-*.yaml"), filepath.Join(o.Topology, "config/crd/bases/*.yaml"),
		filepath.Join(o.Operator, "config/crd/bases/rabbitmq.com_rabbitmqclusters.yaml"),
	})
	if err != nil {
		return err
	}
	hooks, err := glob([]string{
		filepath.Join(o.Broker, "config/broker/500-webhook-secret.yaml"), filepath.Join(o.Broker, "config/broker/500-webhook-defaulting.yaml"),
		filepath.Join(o.Broker, "config/broker/500-webhook-resource-validation.yaml"),
	})
	if err != nil {
		return err
	}
	hooks = append(hooks, object("v1", "Service", System, "rabbitmq-broker-webhook", map[string]any{"spec": map[string]any{
		"clusterIP": rabbitWebhookAddress, "ports": []any{map[string]any{"name": "https-webhook", "port": int64(443)}},
	}}))
	if err := c.create(ctx, definitions...); err != nil {
		return err
	}
	if err := c.served(ctx, definitions); err != nil {
		return err
	}
	if err := c.create(ctx, append(hooks, namespace("rabbitmq-system"), namespace(o.Namespace))...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := c.rabbitmqCluster(ctx, o); err != nil {
		return err
	}
	if err := c.rabbitPrograms(o); err != nil {
		return err
	}
	return until(ctx, "the RabbitMQ broker's webhook has said what it wants to be asked about", func(ctx context.Context) error {
		return errors.Join(
			c.completed(ctx, "MutatingWebhookConfiguration", "defaulting.webhook.rabbitmq.eventing.knative.dev"),
			c.completed(ctx, "ValidatingWebhookConfiguration", "validation.webhook.rabbitmq.eventing.knative.dev"),
		)
	})
}

// rabbitmqCluster says of the server what RabbitMQ's cluster operator would.
func (c *Cluster) rabbitmqCluster(ctx context.Context, o RabbitOptions) error {
	it := object("rabbitmq.com/v1beta1", "RabbitmqCluster", o.Namespace, o.Name, map[string]any{"spec": map[string]any{}})
	it.SetAnnotations(map[string]string{"rabbitmq.com/topology-allowed-namespaces": o.Allowed})
	secret := o.Name + "-default-user"
	// What kinds there are is told a moment after they are served.
	err := until(ctx, "the API server tells of the kind RabbitmqCluster", func(ctx context.Context) error { return c.create(ctx, it) })
	if err != nil {
		return err
	}
	err = c.create(ctx,
		object("v1", "Secret", o.Namespace, secret, map[string]any{"stringData": map[string]any{
			"username": o.User, "password": o.Password, "port": fmt.Sprint(o.Port),
		}}),
		object("v1", "Service", o.Namespace, o.Name, map[string]any{"spec": map[string]any{"ports": []any{
			map[string]any{"name": "amqp", "port": int64(o.Port)}, map[string]any{"name": "management", "port": int64(o.Management)},
		}}}))
	if err != nil {
		return err
	}
	return c.SetStatus(ctx, it, map[string]any{
		"binding": map[string]any{"name": secret}, "conditions": []any{},
		"defaultUser": map[string]any{
			"secretReference":  map[string]any{"name": secret, "namespace": o.Namespace, "keys": map[string]any{"username": "username", "password": "password"}},
			"serviceReference": map[string]any{"name": o.Name, "namespace": o.Namespace},
		},
	})
}

// rabbitPrograms starts the controllers.
func (c *Cluster) rabbitPrograms(o RabbitOptions) error {
	access, err1 := c.Access("127.0.0.1")
	fromWebhook, err2 := c.Access(rabbitWebhookAnnex().Room())
	root, err3 := c.operatorRoot(o, "/access")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	env := func(name string, more ...string) []string {
		return append([]string{
			"SYSTEM_NAMESPACE=" + System, "CONFIG_LOGGING_NAME=config-logging", "CONFIG_OBSERVABILITY_NAME=config-observability",
			"METRICS_DOMAIN=knative.dev/local", "POD_NAME=" + name,
		}, more...)
	}
	for _, p := range []*Process{
		{Name: "rabbit-webhook", Path: o.Programs + "/rabbit-webhook", Args: []string{"--disable-ha"}, Annex: rabbitWebhookAnnex(), Env: env("rabbit-webhook",
			"KUBECONFIG="+fromWebhook, "WEBHOOK_NAME=rabbitmq-broker-webhook", "WEBHOOK_PORT=443", "PROFILING_PORT=8031")},
		{Name: "rabbit-controller", Path: o.Programs + "/rabbit-controller", Args: []string{"--disable-ha", "--kube-api-qps=500", "--kube-api-burst=1000"}, Env: env("rabbit-controller",
			"KUBECONFIG="+access, "PROFILING_PORT=8032", "KUBERNETES_PORT=8033",
			"BROKER_INGRESS_IMAGE="+RabbitIngress, "BROKER_INGRESS_SERVICE_ACCOUNT=default", "BROKER_DLQ_DISPATCHER_IMAGE="+RabbitDispatcher,
			"BROKER_DISPATCHER_IMAGE="+RabbitDispatcher, "BROKER_DISPATCHER_SERVICE_ACCOUNT=default")},
		{Name: "topology-operator", Path: "/topology-operator", Args: []string{"-metrics-bind-address", "0"}, Root: root, Env: []string{
			"HOME=/", "USER=root", "KUBECONFIG=/access", "OPERATOR_NAMESPACE=rabbitmq-system", "ENABLE_WEBHOOKS=false", "MAX_CONCURRENT_RECONCILES=8",
		}},
	} {
		if err := c.run(p); err != nil {
			return err
		}
	}
	return nil
}

// operatorRoot is what the topology operator sees of the files: it looks the
// server up by its name, without a proxy.
func (c *Cluster) operatorRoot(o RabbitOptions, access string) (string, error) {
	root := c.path("topology-operator")
	config, err := c.Access("127.0.0.1")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	return root, errors.Join(
		os.MkdirAll(filepath.Join(root, "etc"), 0o755), os.WriteFile(filepath.Join(root, access), text, 0o600),
		os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(o.Hosts()), 0o600),
		copyProgram(filepath.Join(o.Programs, "topology-operator"), filepath.Join(root, "topology-operator")),
	)
}

// Hosts is the file that stands for the cluster's DNS where no proxy is asked:
// for AMQP and the server's management.
func (o RabbitOptions) Hosts() string {
	name := o.Name + "." + o.Namespace + ".svc"
	return fmt.Sprintf("127.0.0.1 localhost %s %s.cluster.local\n", name, name)
}

func copyProgram(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o755)
}
