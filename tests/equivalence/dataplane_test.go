package equivalence

import (
	"context"
	"net/http"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/types"
	eventingduck "knative.dev/eventing/pkg/apis/duck/v1"
	"knative.dev/eventing/pkg/apis/eventing"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	knbroker "knative.dev/eventing/pkg/broker"
	"knative.dev/eventing/pkg/broker/filter"
	"knative.dev/eventing/pkg/broker/ingress"
	"knative.dev/eventing/pkg/channel/fanout"
	informers "knative.dev/eventing/pkg/client/informers/externalversions"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/kncloudevents"
	"knative.dev/eventing/pkg/reconciler/sugar/trigger/path"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	"sigs.k8s.io/yaml"
)

func messageOf(e event.Event) binding.Message { return binding.ToMessage(&e) }

const (
	ingressHost = "broker-ingress.knative-eventing.svc.cluster.local"
	filterHost  = "broker-filter.knative-eventing.svc.cluster.local"
)

// dataPlane is the multi-tenant broker of Knative with the in-memory channel:
// its own ingress, channel and filter handlers, joined by HTTP as on a cluster.
// Only what the controllers write into the objects' status is written here.
type dataPlane struct {
	brokers  map[string]*eventingv1.Broker
	triggers []*eventingv1.Trigger
}

// knativeBroker makes the data plane for the manifests.
func knativeBroker(t *testing.T, docs []string) {
	t.Helper()
	d := dataPlane{brokers: map[string]*eventingv1.Broker{}}
	ctx := enabled(t.Context())
	factory := informers.NewSharedInformerFactory(nil, 0)
	brokers, triggers := factory.Eventing().V1().Brokers(), factory.Eventing().V1().Triggers()
	for _, doc := range docs {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			t.Fatal(err)
		}
		var object interface {
			SetDefaults(context.Context)
			Validate(context.Context) *apis.FieldError
		}
		switch kind.Kind {
		case "Broker":
			b := &eventingv1.Broker{}
			object = b
			decode(t, doc, b)
			b.Namespace = "default"
			d.brokers[b.Name] = b
			b.Status.Annotations = map[string]string{eventing.BrokerChannelAddressStatusAnnotationKey: "http://" + channelHost(b)}
			b.Status.Address = &duckv1.Addressable{URL: brokerURL(b.Name)}
		case "Trigger":
			tr := &eventingv1.Trigger{}
			object = tr
			decode(t, doc, tr)
			tr.Namespace, tr.UID = "default", types.UID("uid-of-"+tr.Name)
			d.triggers = append(d.triggers, tr)
		default:
			t.Fatalf("what is a %q", kind.Kind)
		}
		object.SetDefaults(ctx)
		if err := object.Validate(ctx).Filter(apis.ErrorLevel); err != nil && kind.Kind == "Trigger" {
			t.Fatal("Knative refuses it:", err)
		}
	}
	for _, b := range d.brokers {
		must(t, brokers.Informer().GetIndexer().Add(b))
		town.build(channelHost(b), d.channel(t, b))
	}
	for _, tr := range d.triggers {
		tr.Status.SubscriberURI = resolve(tr.Spec.Subscriber)
		must(t, triggers.Informer().GetIndexer().Add(tr))
	}
	with := func(ctx context.Context) context.Context { return enabled(ctx) }
	meters, traces := metricnoop.NewMeterProvider(), tracenoop.NewTracerProvider()
	in, err := ingress.NewHandler(zap.NewNop(), knbroker.TTLDefaulter(zap.NewNop(), 255), brokers, nil, nil, nil, with, meters, traces)
	must(t, err)
	town.build(ingressHost, in)
	out, err := filter.NewHandler(zap.NewNop(), nil, nil, triggers, brokers, factory.Messaging().V1().Subscriptions(), nil, with, meters, traces)
	must(t, err)
	town.build(filterHost, out)
}

// channel is the broker's channel with a subscription for each trigger, as the
// trigger's and the subscription's reconcilers make it (pkg/reconciler/broker/
// trigger, subscribeToBrokerChannel; pkg/reconciler/subscription, deliverySpec).
func (d dataPlane) channel(t *testing.T, b *eventingv1.Broker) http.Handler {
	t.Helper()
	var config fanout.Config
	for _, tr := range d.triggers {
		if tr.Spec.Broker != b.Name {
			continue
		}
		filterURL := &apis.URL{Scheme: "http", Host: filterHost, Path: path.Generate(tr)}
		spec := eventingduck.SubscriberSpec{SubscriberURI: filterURL, ReplyURI: brokerURL(b.Name), Delivery: d.delivery(tr, b)}
		subscription, err := fanout.SubscriberSpecToFanoutConfig(spec)
		must(t, err)
		subscription.Namespace, subscription.Name = tr.Namespace, tr.Name
		config.Subscriptions = append(config.Subscriptions, *subscription)
	}
	dispatcher := kncloudevents.NewDispatcher(eventingtls.ClientConfig{}, nil,
		kncloudevents.WithMeterProvider(metricnoop.NewMeterProvider()), kncloudevents.WithTraceProvider(tracenoop.NewTracerProvider()))
	handler, err := fanout.NewFanoutEventHandler(zap.NewNop(), config, nil, nil, nil, dispatcher, metricnoop.NewMeterProvider(), tracenoop.NewTracerProvider())
	must(t, err)
	return handler
}

func (d dataPlane) delivery(tr *eventingv1.Trigger, b *eventingv1.Broker) *eventingduck.DeliverySpec {
	var delivery *eventingduck.DeliverySpec
	var dead *duckv1.Destination
	for _, from := range []*eventingduck.DeliverySpec{tr.Spec.Delivery, b.Spec.Delivery} {
		if from == nil {
			continue
		}
		if delivery == nil {
			delivery = from.DeepCopy()
		}
		if dead == nil {
			dead = from.DeadLetterSink
		}
	}
	if delivery == nil {
		return nil
	}
	delivery.DeadLetterSink = nil
	if dead != nil {
		delivery.DeadLetterSink = &duckv1.Destination{URI: resolve(*dead)}
	}
	return delivery
}

// resolve is what knative.dev/pkg/resolver makes of a destination.
func resolve(d duckv1.Destination) *apis.URL {
	if d.Ref == nil {
		return d.URI
	}
	base := &apis.URL{Scheme: "http", Host: d.Ref.Name + ".default.svc.cluster.local"}
	if d.Ref.Kind == "Broker" {
		base = brokerURL(d.Ref.Name)
	}
	if d.URI == nil {
		return base
	}
	return base.ResolveReference(d.URI)
}

func brokerURL(name string) *apis.URL {
	return &apis.URL{Scheme: "http", Host: ingressHost, Path: "/default/" + name}
}

func channelHost(b *eventingv1.Broker) string {
	return b.Name + "-kne-trigger-kn-channel.default.svc.cluster.local"
}

func decode(t *testing.T, doc string, into any) {
	t.Helper()
	must(t, yaml.UnmarshalStrict([]byte(doc), into))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
