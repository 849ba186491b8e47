// Package cluster is a Kubernetes control plane with the real Knative Eventing on
// it, as plain processes: no containers, no kubelet, no nodes. What those would
// do is stood in for, and README.md lists how.
//
// Its ports are fixed, so it has to be in a room of its own.
package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Namespaces there are.
const (
	// System is Knative Eventing's own.
	System = "knative-eventing"
	token  = "local-admin-token"
	// advertised is an address nobody has: without a default route the API server
	// finds none by itself.
	advertised = "10.0.0.10"
	apiPort    = "16443"
)

// Options say what cluster it is.
type Options struct {
	// Dir is where everything is kept, logs too.
	Dir string
	// Programs is the folder of the kit.
	Programs string
	// Eventing and Serving are the folders of Knative's modules, for the stock
	// manifests in them.
	Eventing, Serving string
	// Features are set in Knative's ConfigMap of features.
	Features map[string]string
	// Say hears when a process ends that was not meant to.
	Say func(format string, args ...any)
}

// Cluster is one that runs.
type Cluster struct {
	Router  *Router
	options Options
	config  *rest.Config
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper

	mu        sync.Mutex
	processes map[string]*Process
}

// Up brings a cluster up; Down ends it. With an error everything is ended
// already.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{options: o, processes: map[string]*Process{}}
	for _, step := range []func(context.Context) error{c.startStore, c.startServer, c.install, c.startEventing} {
		if err := step(ctx); err != nil {
			logs := c.Logs(15)
			c.Down()
			return nil, fmt.Errorf("%w\n%s", err, logs)
		}
	}
	return c, nil
}

// Down ends everything.
func (c *Cluster) Down() {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.processes))
	c.mu.Unlock()
	var ending sync.WaitGroup
	for _, p := range all {
		ending.Go(p.Kill) // nothing of it is needed again
	}
	ending.Wait()
	if c.Router != nil {
		c.Router.Close()
	}
}

// Process gives one of the cluster's programs by its name.
func (c *Cluster) Process(name string) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.processes[name]
}

// Logs gives the last lines of every program's log.
func (c *Cluster) Logs(lines int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var text string
	for _, name := range slices.Sorted(maps.Keys(c.processes)) {
		text += fmt.Sprintf("--- %s\n%s\n", name, c.processes[name].Tail(lines))
	}
	return text
}

// run starts a program of the kit under a name of its own.
func (c *Cluster) run(p *Process) error {
	if !filepath.IsAbs(p.Path) {
		p.Path = filepath.Join(c.options.Programs, p.Path)
	}
	p.Log = c.path("logs", p.Name+".log")
	p.died = func(p *Process, err error) {
		c.options.Say("%s ended by itself (%v):\n%s", p.Name, err, p.Tail(20))
	}
	c.mu.Lock()
	c.processes[p.Name] = p
	c.mu.Unlock()
	return p.Start()
}

func (c *Cluster) path(parts ...string) string {
	return filepath.Join(append([]string{c.options.Dir}, parts...)...)
}

func (c *Cluster) startStore(ctx context.Context) error {
	const clients, peers = "http://127.0.0.1:23790", "http://127.0.0.1:23800"
	err := c.run(&Process{Name: "etcd", Path: "etcd", Args: []string{
		"--data-dir", c.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", clients, "--advertise-client-urls", clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers,
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return until(ctx, "etcd is ready", func(ctx context.Context) error { return get(ctx, http.DefaultClient, clients+"/health") })
}

// startServer starts the API server, where one token may do everything.
func (c *Cluster) startServer(ctx context.Context) error {
	key, err := signingKey()
	if err != nil {
		return err
	}
	tokens := token + `,admin,1,"system:masters"` + "\n"
	if err := errors.Join(os.WriteFile(c.path("signing.key"), key, 0o600), os.WriteFile(c.path("tokens.csv"), []byte(tokens), 0o600)); err != nil {
		return err
	}
	err = c.run(&Process{Name: "kube-apiserver", Path: "kube-apiserver", Args: []string{
		"--etcd-servers", "http://127.0.0.1:23790", "--bind-address", "0.0.0.0", "--secure-port", apiPort,
		"--advertise-address", advertised, "--cert-dir", c.path("certificates"), "--token-auth-file", c.path("tokens.csv"),
		"--authorization-mode", "AlwaysAllow", "--endpoint-reconciler-type", "none",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.96.0.0/16",
		"--service-account-key-file", c.path("signing.key"), "--service-account-signing-key-file", c.path("signing.key"),
		"--disable-admission-plugins", "ServiceAccount", // it waits for a controller that makes default accounts
	}})
	if err != nil {
		return err
	}
	c.config = &rest.Config{
		Host: "https://127.0.0.1:" + apiPort, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		QPS: 1000, Burst: 1000, WarningHandler: rest.NoWarnings{},
	}
	if c.dynamic, err = dynamic.NewForConfig(c.config); err != nil {
		return err
	}
	asked, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return err
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(asked))
	client, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return until(ctx, "the API server is ready", func(ctx context.Context) error { return get(ctx, client, c.config.Host+"/readyz") })
}

// get fails unless an address answers 200.
func get(ctx context.Context, client *http.Client, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	return nil
}

// Access writes a file by which a program reaches the API server at an address.
func (c *Cluster) Access(host string) (string, error) {
	file := c.path("access-" + host)
	err := clientcmd.WriteToFile(api.Config{
		Clusters:       map[string]*api.Cluster{"it": {Server: "https://" + host + ":" + apiPort, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*api.AuthInfo{"it": {Token: token}},
		Contexts:       map[string]*api.Context{"it": {Cluster: "it", AuthInfo: "it"}},
		CurrentContext: "it",
	}, file)
	return file, err
}

func signingKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
}
