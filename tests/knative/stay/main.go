// Stay brings up the control plane of the tests for a person, who installs
// distaff on it with kubectl, as docs/install.md says:
//
//	cd tests/knative && go run ./stay -dir /tmp/kn
//
// It says how to get in. Beside the cluster there are the systems of a local
// world, with no function of distaff's wired to them. Ctrl-C ends everything;
// what was in it is gone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/tests/knative/cluster"
	"github.com/distaff-project/distaff/tests/knative/kit"
	"github.com/distaff-project/distaff/tests/knative/nodes"
	"github.com/distaff-project/distaff/tests/knative/room"
)

// Where the systems are, and the way in from the internet.
const (
	worldPort = 7400
	gatewayAt = "127.0.0.1:7410"
)

// never is longer than anybody stays: the world's own timer does not tick.
const never = 10_000 * time.Hour

func main() {
	dir := flag.String("dir", "", "where everything is kept; has to be new or empty")
	os.Exit(room.Run(func() int { // first of all: other programs are started through this one, with flags of their own
		flag.Parse()
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		if err := stay(ctx, *dir); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}))
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func stay(ctx context.Context, dir string) error {
	dir, err := fresh(dir)
	if err != nil {
		return err
	}
	programs, err := kit.Cluster(ctx, ".", func(text string) { say("%s", text) })
	if err != nil {
		return err
	}
	events, err1 := kit.Module(ctx, ".", "knative.dev/eventing")
	services, err2 := kit.Module(ctx, ".", "knative.dev/serving")
	function := filepath.Join(dir, "function")
	if err := errors.Join(err1, err2, kit.Function(ctx, "../..", function)); err != nil {
		return err
	}
	c, err := cluster.Up(ctx, cluster.Options{Dir: filepath.Join(dir, "cluster"), Programs: programs, Eventing: events, Serving: services, Say: say})
	if err != nil {
		return err
	}
	defer c.Down()
	w, err := world.Start(ctx, world.Options{Dir: filepath.Join(dir, "world"), Port: worldPort, Scripted: true, TickEvery: never, Say: say})
	if err != nil {
		return err
	}
	defer func() { _ = w.Close(context.WithoutCancel(ctx)) }()
	n := nodes.New(c, nodes.Options{Program: function, Dir: filepath.Join(dir, "nodes"), Proxy: c.Router.URL(), Say: say})
	defer n.Close()
	config, err := overlay(dir, w.Addresses.Distaff)
	if err != nil {
		return err
	}
	access, err := c.Access("127.0.0.1")
	if err != nil {
		return err
	}
	o := &operator{cluster: c, nodes: n, seen: map[string]seen{}}
	if err := o.serveGateway(ctx); err != nil {
		return err
	}
	tell(dir, access, config)
	return o.run(ctx)
}

// fresh makes the folder everything is kept in. One of an earlier stay would
// bring back half of it.
func fresh(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "distaff-stay")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if there, _ := os.ReadDir(dir); len(there) > 0 {
		return "", fmt.Errorf("%s is not empty; remove it, or name another folder with -dir", dir)
	}
	return dir, errors.Join(os.MkdirAll(filepath.Join(dir, "cluster"), 0o755), os.MkdirAll(filepath.Join(dir, "world"), 0o755))
}

func tell(dir, access, config string) {
	enter := fmt.Sprintf("nsenter -t %d -n", outsidePID())
	if os.Getuid() != 0 || !rootOutside() {
		enter = fmt.Sprintf("nsenter -t %d -U -n --preserve-credentials", outsidePID())
	}
	say(`
It is up, in a network of its own. In another terminal:

  %s env KUBECONFIG=%s bash
  kubectl get brokers,triggers -A

  %-44s its configuration for the overlay dev (docs/install.md, 1)
  %-44s the keys of its systems, for the Secrets (docs/install.md, 3)
  %-44s the same configuration for distaff ... --config, on this side
  %-44s where the web hooks' Services are reached from outside
  %-44s a broker, as through a forwarded port: /NAMESPACE/{broker}
  %-44s what each program and function said

Ctrl-C ends it.`, enter, access, config, filepath.Join(dir, "world", "keys"), world.ConfigFile(filepath.Join(dir, "world")),
		"http://"+gatewayAt+"/NAMESPACE/SERVICE", "http://127.0.0.1:8081", filepath.Join(dir, "{cluster,nodes}", "logs"))
}
