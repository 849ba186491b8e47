package knative

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/distaff-project/distaff/tests/knative/cluster"
	"github.com/distaff-project/distaff/tests/knative/kit"
	"github.com/distaff-project/distaff/tests/knative/rabbitmq"
)

var rabbit = flag.Bool("rabbit", false, "Knative's broker for RabbitMQ and the overlay stg in the place of the in-memory one and dev")

// onRabbit are the tests that are of use there.
const onRabbit = "^TestAPullRequestHasTheSameOutcome|^TestRabbit|^TestTheWayOfAnEventIsMeasured"

// The RabbitmqCluster that the overlay names.
var rabbitCluster = cluster.RabbitOptions{
	Namespace: "rabbitmq", Name: "rabbitmq", Allowed: "distaff-stg",
	Port: rabbitmq.Port, Management: rabbitmq.Management, User: rabbitmq.User, Password: rabbitmq.Password,
}

// bringRabbit starts RabbitMQ, and Knative's broker for it.
func bringRabbit(ctx context.Context) (err error) {
	o := &rabbitCluster
	if o.Programs, err = kit.Rabbit(ctx, ".", func(text string) { fmt.Println(text) }); err != nil {
		return err
	}
	if o.Broker, err = kit.Module(ctx, "rabbit", "knative.dev/eventing-rabbitmq"); err != nil {
		return err
	}
	if o.Topology, err = kit.Module(ctx, "rabbit/topology", "github.com/rabbitmq/messaging-topology-operator"); err != nil {
		return err
	}
	if o.Operator, err = kit.Module(ctx, "rabbit/topology", "github.com/rabbitmq/cluster-operator/v2"); err != nil {
		return err
	}
	if shared.rabbit, err = rabbitmq.Start(ctx, filepath.Join(shared.dir, "rabbitmq")); err != nil {
		return err
	}
	return shared.cluster.StartRabbit(ctx, *o)
}

// rabbitImages gives the programs that stand for the images of the broker's
// Deployments, and adds to the files that every container sees.
func (s *stage) rabbitImages(dir string, files map[string]string) map[string]string {
	s.t.Helper()
	if !*rabbit {
		return nil
	}
	hosts := filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, []byte(rabbitCluster.Hosts()), 0o644); err != nil {
		s.t.Fatal(err)
	}
	files["etc/hosts"] = hosts
	images := map[string]string{}
	for _, name := range []string{cluster.RabbitIngress, cluster.RabbitDispatcher} {
		raw, err := os.ReadFile(filepath.Join(rabbitCluster.Programs, name)) // on the disk the roots are on
		if err != nil {
			s.t.Fatal(err)
		}
		images[name] = filepath.Join(dir, name)
		if err := os.WriteFile(images[name], raw, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	return images
}

// direct is where a broker takes events without the router in between.
func (s *stage) direct(ctx context.Context, broker string) string {
	s.t.Helper()
	address, err := url.Parse(s.ingress(ctx, broker))
	if err != nil {
		s.t.Fatal(err)
	}
	return "http://" + s.cluster.Router.To(address.Host) + address.Path
}

// queued tells whether events wait in RabbitMQ, or have nobody to hand them on.
func (s *stage) queued(ctx context.Context) bool {
	if shared.rabbit == nil {
		return false
	}
	queues, err := shared.rabbit.Queues(ctx)
	return err != nil || slices.ContainsFunc(queues, func(q rabbitmq.Queue) bool { return q.Messages > 0 || q.Consumers == 0 })
}

type rabbitQueue = rabbitmq.Queue

// onRabbitStage leaves a test out that is of RabbitMQ only.
func onRabbitStage(t *testing.T) *stage {
	t.Helper()
	if !*rabbit {
		t.Skip("it needs -rabbit")
	}
	return onStage(t)
}
