package world

import (
	"fmt"
	"net/http"
	"os"

	"github.com/distaff-project/distaff"
	buildstart "github.com/distaff-project/distaff/functions/build-start"
	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge/pagure"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// wholePagure is a Pagure with all that is asked of it.
type wholePagure struct {
	*pagure.Client
	pagure.Config
	keys pagure.Keys
}

// Verify tells whether a web hook is signed with one of our keys.
func (f wholePagure) Verify(header http.Header, body []byte) error {
	return pagure.Verify(header, body, f.keys)
}

// parts makes what the functions are put together of from the configuration.
func (w *World) parts(runner fn.Runner) (distaff.Parts, error) {
	cfg := w.Config
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	pagureConfig := pagure.Config{Name: Instance, URL: cfg.Forges[Instance].URL, Self: []string{cfg.Forges[Instance].User}}
	farm := testingfarm.New(testingfarm.Config{
		Name: Instance, URL: cfg.TestingFarm[Instance].URL, Token: secrets.Need(cfg.TestingFarm[Instance].Token).Text(),
		Ranch: cfg.TestingFarm[Instance].Ranch,
	})
	key := secrets.Need(cfg.Hooks.Key).Bytes()
	parts := distaff.Parts{
		Bucket: w.Bucket, Lister: w.Files, Rules: cfg.Rules(), Prefix: cfg.Name,
		Forges: map[string]distaff.Forge{Instance: wholePagure{
			pagure.New(pagureConfig, secrets.Need(cfg.Forges[Instance].Token).Text(), nil), pagureConfig,
			pagure.Keys{Secrets: secrets.Need(cfg.Forges[Instance].WebhookSecret).Lines()},
		}},
		Farms: map[string]testsrequest.Farm{Instance: {
			API: farm, Results: farm, Deployment: cfg.TestingFarm[Instance].Deployment,
			Hooks: cfg.Hooks.URL + "/testing-farm-webhook", Key: key,
		}},
		Bodhi: bodhi.New(cfg.Bodhi.URL, nil), HookKey: key, Say: runner.Say,
	}
	var err error
	if parts.Hubs, err = hubs(cfg, secrets); err != nil {
		return parts, err
	}
	if parts.Bus, err = w.bus(secrets, pagureConfig); err != nil {
		return parts, err
	}
	return parts, secrets.Err()
}

func hubs(cfg *config.Config, secrets *config.Secrets) (map[string]buildstart.Koji, error) {
	k := cfg.Koji[Instance]
	hub, err := koji.New(koji.Config{
		Name: Instance, Server: k.Server, Web: k.Web, Files: k.Files,
		Credential: koji.Password(k.Auth.User, secrets.Need(k.Auth.Password).Text()),
	})
	if err != nil {
		return nil, fmt.Errorf("reach Koji: %w", err)
	}
	return map[string]buildstart.Koji{Instance: hub}, nil
}

func (w *World) bus(secrets *config.Secrets, forge pagure.Config) (fedmsgdrain.Bus, error) {
	cfg := w.Config.Bus
	opened, err := fedmsg.Open(fedmsg.Config{
		URL: cfg.Address(secrets.Need(cfg.Password)), Queue: cfg.Queue, Passive: cfg.Passive,
		SetAside: SetAside(w.Bucket),
	})
	if err != nil {
		return fedmsgdrain.Bus{}, fmt.Errorf("reach the bus: %w", err)
	}
	return fedmsgdrain.Bus{
		Queue: opened, Archive: fedmsg.Archive{Base: cfg.Datagrepper},
		Forge: cfg.Forge, Pagure: forge, Koji: cfg.Koji, Owner: w.Config.Koji[cfg.Koji].Owner,
		Topics: archived(cfg.TopicPrefix),
	}, nil
}

// archived are the topics the archive is asked for, which it knows only exactly.
func archived(prefix string) []string {
	topics := []string{prefix + ".buildsys.task.state.change"}
	for _, what := range []string{
		"new", "updated", "rebased", "reopened", "closed", "comment.added", "comment.edited",
	} {
		topics = append(topics, prefix+".pagure.pull-request."+what)
	}
	return topics
}
