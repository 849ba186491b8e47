// Package kit builds the programs the tests run: Kubernetes' API server with its
// etcd, Knative Eventing, and distaff's own production server. All come from Go
// modules, which the checksum database vouches for; there is no image and no
// download beside them.
package kit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// Given is the variable that names a folder of programs built elsewhere.
const Given = "DISTAFF_KNATIVE_BIN"

// program is one that is built: a package, as seen from the module in a folder
// beside this one.
type program struct{ name, module, pkg, flags string }

// programs lists them, the quick ones first. Knative asks the API server for its
// version, so that one is linked in.
func programs() []program {
	const small = "-s -w"
	const version = "k8s.io/component-base/version."
	const kube = small + " -X " + version + "gitVersion=v1.36.3 -X " + version + "gitMajor=1 -X " + version + "gitMinor=36"
	return []program{
		{"etcd", "etcd", ".", small},
		{"controllers", "eventing", ".", small},
		{"ingress", "eventing", "knative.dev/eventing/cmd/broker/ingress", small},
		{"filter", "eventing", "knative.dev/eventing/cmd/broker/filter", small},
		{"webhook", "eventing", "knative.dev/eventing/cmd/webhook", small},
		{"jobsink", "eventing", "knative.dev/eventing/cmd/jobsink", small},
		{"kube-apiserver", "kube", ".", kube},
		{"kube-controller-manager", "kube", "./controller", kube},
	}
}

// rabbits are those of Knative's broker for RabbitMQ.
func rabbits() []program {
	const small = "-s -w"
	const broker = "knative.dev/eventing-rabbitmq/cmd/"
	return []program{
		{"rabbit-ingress", "rabbit", broker + "ingress", small},
		{"rabbit-dispatcher", "rabbit", broker + "dispatcher", small},
		{"rabbit-controller", "rabbit", broker + "controller/broker", small},
		{"rabbit-webhook", "rabbit", broker + "webhook/broker", small},
		{"topology-operator", "rabbit/topology", "github.com/rabbitmq/messaging-topology-operator", small},
	}
}

// Cluster gives the folder of the cluster's programs, and builds what is missing
// in it: some ten minutes of two cores, once for each choice of versions. Source
// is the folder of this module; say hears what is being built.
func Cluster(ctx context.Context, source string, say func(string)) (string, error) {
	return assemble(ctx, source, "knative-", programs(), []string{"etcd", "eventing", "kube"}, say)
}

// Rabbit gives the folder of the programs of Knative's broker for RabbitMQ, and
// builds them as Cluster does: two minutes more.
func Rabbit(ctx context.Context, source string, say func(string)) (string, error) {
	return assemble(ctx, source, "knative-rabbit-", rabbits(), []string{"rabbit"}, say)
}

func assemble(ctx context.Context, source, name string, programs []program, modules []string, say func(string)) (string, error) {
	if dir := os.Getenv(Given); dir != "" {
		return filepath.Abs(dir)
	}
	key, err := key(source, programs, modules)
	if err != nil {
		return "", fmt.Errorf("name the kit: %w", err)
	}
	root, err := cache()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, name+key)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the kit: %w", err)
	}
	for _, p := range programs {
		to := filepath.Join(dir, p.name)
		if _, err := os.Stat(to); err == nil {
			continue
		}
		say("building " + p.name + " (once)")
		began := time.Now()
		// Under another name first: one that was broken off is built again.
		if err := build(ctx, filepath.Join(source, p.module), to+".new", "-ldflags", p.flags, p.pkg); err != nil {
			return "", err
		}
		if err := os.Rename(to+".new", to); err != nil {
			return "", err
		}
		say(fmt.Sprintf("built %s in %.0f s", p.name, time.Since(began).Seconds()))
	}
	return dir, nil
}

// cache is where tools are kept between runs.
func cache() (string, error) {
	if dir := os.Getenv("CI_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the kit: %w; set CI_CACHE to a folder", err)
	}
	return filepath.Join(dir, "distaff-ci"), nil
}

// key tells one choice of versions from another.
func key(source string, programs []program, modules []string) (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), programs)
	for _, module := range modules {
		err := filepath.WalkDir(filepath.Join(source, module), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path) //nolint:gosec // our own sources
			_, _ = fmt.Fprintln(h, path[len(source):], len(raw))
			h.Write(raw)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func build(ctx context.Context, module, to string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-buildvcs=false", "-o", to}, args...)...) //nolint:gosec // the caller is this program
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", filepath.Base(to), err, bytes.TrimSpace(out))
	}
	return nil
}

// Module gives the folder of a module that is in this one's build list, for the
// stock manifests in it.
func Module(ctx context.Context, source, name string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", name) //nolint:gosec // the caller is this program
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err == nil && module.Dir == "" {
		err = errors.New(cmp.Or(module.Error, "it is not in go.mod"))
	}
	if err != nil {
		return "", fmt.Errorf("find the module %s: %w", name, err)
	}
	return module.Dir, nil
}
