package knative

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/tests/knative/cluster"
	"github.com/distaff-project/distaff/tests/knative/kit"
	"github.com/distaff-project/distaff/tests/knative/rabbitmq"
	"github.com/distaff-project/distaff/tests/knative/room"
)

func TestMain(m *testing.M) {
	if room.Outside() {
		flag.Parse()
		if testing.Short() {
			fmt.Println("left out with -short: these tests run a Kubernetes control plane")
			os.Exit(0)
		}
	}
	os.Exit(room.Run(func() int {
		flag.Parse()
		if run := flag.Lookup("test.run"); *rabbit && run.Value.String() == "" {
			_ = run.Value.Set(onRabbit)
		}
		code := m.Run()
		down(code != 0)
		return code
	}))
}

// programs are what is built before anything is started.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := kit.Cluster(context.Background(), ".", func(text string) { fmt.Println(text) })
	if err != nil {
		return "", err
	}
	return dir, nil
})

// shared is the one cluster of all tests; each has a namespace of its own.
var shared struct {
	once    sync.Once
	cluster *cluster.Cluster
	rabbit  *rabbitmq.Server // nil without -rabbit
	stop    func()           // ends what looks after Deployments; nil without -rabbit
	dir     string
	err     error
}

var seeded = flag.String("seed", "", "the seed of the random moments, to see the same again")

var keep = flag.String("keep", "", "keep the cluster's folder, with all logs, at this place (one that is there is emptied)")

func up(t *testing.T) *cluster.Cluster {
	t.Helper()
	shared.once.Do(func() { shared.err = bring() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

func bring() error {
	ctx := context.Background()
	dir, err := programs()
	if err != nil {
		return err
	}
	eventing, err := kit.Module(ctx, ".", "knative.dev/eventing")
	if err != nil {
		return err
	}
	serving, err := kit.Module(ctx, ".", "knative.dev/serving")
	if err != nil {
		return err
	}
	if shared.dir = *keep; shared.dir == "" {
		shared.dir, err = os.MkdirTemp("", "distaff-knative")
	} else if err = os.RemoveAll(shared.dir); err == nil {
		err = os.MkdirAll(shared.dir, 0o755)
	}
	if err != nil {
		return err
	}
	if shared.dir, err = filepath.Abs(shared.dir); err != nil {
		return err
	}
	began := time.Now()
	shared.cluster, err = cluster.Up(ctx, cluster.Options{
		Dir: shared.dir, Programs: dir, Eventing: eventing, Serving: serving,
		Features: map[string]string{"eventtype-auto-create": "enabled"},
		Say:      func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	})
	fmt.Printf("the cluster was up after %.1f s\n", time.Since(began).Seconds())
	if err == nil && *rabbit {
		err = bringRabbit(ctx)
	}
	return err
}

func down(failed bool) {
	if shared.stop != nil {
		shared.stop()
	}
	if shared.cluster != nil {
		shared.cluster.Down()
	}
	if shared.rabbit != nil {
		shared.rabbit.Close()
	}
	switch {
	case shared.dir == "":
	case failed || *keep != "":
		fmt.Println("all logs are in " + shared.dir)
	default:
		os.RemoveAll(shared.dir)
	}
}
