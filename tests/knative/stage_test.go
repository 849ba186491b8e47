package knative

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/tests/knative/cluster"
	"github.com/distaff-project/distaff/tests/knative/kit"
	"github.com/distaff-project/distaff/tests/knative/nodes"
)

// stage is distaff as a cluster runs it: the manifests applied as they are
// rendered, the functions as processes, and around them the systems of a local
// world, whose own functions hear nothing.
type stage struct {
	t         *testing.T
	cluster   *cluster.Cluster
	nodes     *nodes.Nodes
	world     *world.World
	clock     *clock
	objects   []*cluster.Object
	namespace string
	cast      *cast
	gateway   string
	client    *http.Client // reaches the names of the cluster
	ticks     *atomic.Int64
	mending   *atomic.Bool // a part of the data plane was killed and is not back
}

// one is the stage all tests play on: each with a package of its own.
var one struct {
	once  sync.Once
	stage *stage
}

func onStage(t *testing.T) *stage {
	t.Helper()
	c := up(t)
	one.once.Do(func() { one.stage = build(t, c) })
	if one.stage == nil {
		t.Fatal("the stage could not be built; see the first test that needed it")
	}
	s := *one.stage // a copy, to fail the right test
	s.t = t
	return &s
}

// build puts the stage up.
func build(t *testing.T, c *cluster.Cluster) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := &stage{t: t, cluster: c, cast: newCast(), client: throughRouter(c), ticks: new(atomic.Int64), mending: new(atomic.Bool)}
	dir := filepath.Join(shared.dir, "stage")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.clock = newClock(t, filepath.Join(dir, "clock"))
	var err error
	s.world, err = world.Start(context.WithoutCancel(t.Context()), world.Options{
		Dir: filepath.Join(dir, "world"), Memory: true, Builder: s.cast, Tester: s.cast, TickEvery: never, Now: s.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "function")
	if err := kit.Driven(ctx, "../..", program); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"clock": filepath.Join(dir, "clock")}
	images := s.rabbitImages(dir, files)
	s.nodes = nodes.New(c, nodes.Options{
		Program: program, Images: images, Dir: filepath.Join(dir, "nodes"), Proxy: c.Router.URL(), Files: files, Env: []string{kit.Clock + "=/clock"},
		Say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	})
	s.gateway = s.serveGateway()
	s.objects = render(t, overlay())
	s.namespace = ofKind(s.objects, "Broker")[0].GetNamespace()
	s.fill(filepath.Join(dir, "world"))
	if *rabbit {
		looking, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		shared.stop = stop
		go s.nodes.Deployments(looking, s.namespace)
	}
	if err := s.apply(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// never is longer than any test: the test ticks.
const never = 10_000 * time.Hour

// keyFiles are where the world's keys are in a container, below /secrets.
var keyFiles = map[string]string{
	"bucket-access": "bucket/access-key", "bucket-secret": "bucket/secret-key", "forge": "forge/token", "forge-webhook": "forge-webhook/secret",
	"koji": "koji/password", "testing-farm": "testing-farm/token", "bus": "fedora-messaging/password", "hooks": "hooks/key",
}

// fill puts what an operator brings into the objects: the configuration, and a
// Secret for each that a pod mounts.
func (s *stage) fill(dir string) {
	s.t.Helper()
	raw, err := os.ReadFile(world.ConfigFile(dir))
	if err != nil {
		s.t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), s.world.Addresses.Distaff, s.gateway)
	folders := map[string]map[string]any{}
	for key, place := range keyFiles {
		text = strings.ReplaceAll(text, ": keys/"+key+"\n", ": /secrets/"+place+"\n")
		text = strings.ReplaceAll(text, ": keys/"+key+"}", ": /secrets/"+place+"}")
		value, err := os.ReadFile(filepath.Join(dir, "keys", key))
		if err != nil {
			s.t.Fatal(err)
		}
		folder, file, _ := strings.Cut(place, "/")
		if folders[folder] == nil {
			folders[folder] = map[string]any{}
		}
		folders[folder][file] = string(value)
	}
	for _, o := range ofKind(s.objects, "ConfigMap") {
		if data, _, _ := unstructured.NestedMap(o.Object, "data"); data["distaff.yaml"] != nil {
			o.Object["data"] = map[string]any{"distaff.yaml": text}
		}
	}
	made := map[string]bool{}
	var secrets []*cluster.Object
	for _, o := range s.objects {
		for _, path := range [][]string{{"spec", "template", "spec", "volumes"}, {"spec", "job", "spec", "template", "spec", "volumes"}} {
			volumes, _, _ := unstructured.NestedSlice(o.Object, path...)
			for _, v := range volumes {
				volume, _ := v.(map[string]any)
				folder, _ := volume["name"].(string)
				name, _, _ := unstructured.NestedString(volume, "secret", "secretName")
				if name == "" || made[name] || folders[folder] == nil {
					continue
				}
				made[name] = true
				secret := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "stringData": folders[folder]}}
				secret.SetName(name)
				secret.SetNamespace(s.namespace)
				secrets = append(secrets, secret)
			}
		}
	}
	s.objects = append(s.objects, secrets...)
}

// apply has the API server apply everything, in the order an operator is told
// to: the Services last, because they start with what the brokers say.
func (s *stage) apply(ctx context.Context) error {
	if s.namespace != "" {
		namespace := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
		namespace.SetName(s.namespace)
		if err := s.cluster.Apply(ctx, namespace); err != nil {
			return err
		}
	}
	if err := s.cluster.Apply(ctx, s.objects...); err != nil {
		return err
	}
	for _, o := range s.objects {
		if o.GetKind() == "Service" && o.GroupVersionKind().Group == "serving.knative.dev" {
			if _, err := s.nodes.Serve(ctx, o); err != nil {
				return err
			}
		}
	}
	for _, kind := range []string{"Broker", "Trigger", "SinkBinding", "JobSink"} {
		if err := s.cluster.Ready(ctx, ofKind(s.objects, kind)...); err != nil {
			return err
		}
	}
	return s.reached(ctx)
}

// serveGateway stands for the way in from the internet: a web hook's address
// names the Service it is for.
func (s *stage) serveGateway() string {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = http.Serve(socket, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			service := s.nodes.Service(s.namespace, name)
			if service == nil {
				http.NotFound(w, r)
				return
			}
			to, _ := url.Parse(service.URL)
			httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
		}))
	}()
	return "http://" + socket.Addr().String()
}

// post sends an event in binary mode to a broker, once, and gives the answer.
func (s *stage) post(ctx context.Context, broker, body string, attributes map[string]string) (int, error) {
	return post(ctx, s.client, s.ingress(ctx, broker), body, attributes)
}

func throughRouter(c *cluster.Cluster) *http.Client {
	proxy, _ := url.Parse(c.Router.URL())
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: http.ProxyURL(proxy), MaxIdleConnsPerHost: 64}}
}

// ingress is where a broker says it takes events.
func (s *stage) ingress(ctx context.Context, broker string) string {
	s.t.Helper()
	for _, o := range ofKind(s.objects, "Broker") {
		if o.GetName() != broker {
			continue
		}
		now, err := s.cluster.Get(ctx, o.GroupVersionKind(), o.GetNamespace(), broker)
		if err != nil {
			s.t.Fatal(err)
		}
		address, _, _ := unstructured.NestedString(now.Object, "status", "address", "url")
		return address
	}
	s.t.Fatalf("there is no broker %s", broker)
	return ""
}

func post(ctx context.Context, client *http.Client, address, body string, attributes map[string]string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewBufferString(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Ce-Specversion", "1.0")
	for name, value := range attributes {
		req.Header.Set("Ce-"+name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves the next
	return resp.StatusCode, resp.Body.Close()
}

// tick sends what every PingSource would, as its object says it; what could not
// be sent does not come again, as with the real one.
func (s *stage) tick(ctx context.Context) error {
	for _, o := range ofKind(s.objects, "PingSource") {
		name, _, _ := unstructured.NestedString(o.Object, "spec", "sink", "ref", "name")
		data, _, _ := unstructured.NestedString(o.Object, "spec", "data")
		extensions, _, _ := unstructured.NestedStringMap(o.Object, "spec", "ceOverrides", "extensions")
		attributes := map[string]string{
			"Id": fmt.Sprintf("tick-%d", s.ticks.Add(1)), "Type": "dev.knative.sources.ping", "Time": s.clock.now().UTC().Format(time.RFC3339),
			"Source": fmt.Sprintf("/apis/v1/namespaces/%s/pingsources/%s", s.namespace, o.GetName()),
		}
		for key, value := range extensions {
			attributes[key] = value
		}
		if code, err := s.post(ctx, name, data, attributes); err != nil || code/100 != 2 {
			s.t.Logf("a tick is lost: %d, %v", code, err)
		}
	}
	return ctx.Err()
}

// settle returns when nothing is on its way: no request in the cluster, none at
// a function, for a while. What waits to be tried again is not seen. The second a
// killed part needs to come back is not made hours by the story's clock.
func (s *stage) settle(ctx context.Context) error {
	const look, quiet = 10 * time.Millisecond, 15
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	passed, still := int64(-1), 0
	for still < quiet {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until all is quiet: %w; under way: %d in the cluster, %d at functions, %d tests",
				ctx.Err(), s.cluster.Router.Under(), s.nodes.Under(), s.cast.busy.Load())
		}
		now := s.cluster.Router.Passed() + s.nodes.Handled()
		if s.cluster.Router.Under()+s.nodes.Under() > 0 || now != passed || s.cast.working() || s.mending.Load() {
			passed, still = now, 0
			continue
		}
		still++
		if still == quiet && s.queued(ctx) {
			still = 0
		}
	}
	return nil
}
