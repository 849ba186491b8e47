package distaff

import (
	"maps"
	"net/http"
	"slices"

	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/forge/github"
	"github.com/distaff-project/distaff/shared/forge/pagure"
)

// wholePagure is a Pagure with all that is asked of it: Look and Report by the
// client, Webhook by the configuration.
type wholePagure struct {
	*pagure.Client
	pagure.Config
	keys pagure.Keys
}

func (f wholePagure) Verify(header http.Header, body []byte) error {
	return pagure.Verify(header, body, f.keys)
}

// wholeGitHub is a GitHub with all that is asked of it.
type wholeGitHub struct {
	*github.Client
	github.Config
	keys []string
}

func (f wholeGitHub) Verify(header http.Header, body []byte) error {
	return github.Verify(header, body, f.keys)
}

// forges makes the forges. A function that only reads web hooks gets a forge
// without a token, and one that only asks gets one without their keys.
func (k *connector) forges() map[string]Forge {
	forges := map[string]Forge{}
	if !k.only(atForge) && !k.only(atForgeHooks) {
		return forges
	}
	for _, name := range slices.Sorted(maps.Keys(k.config.Forges)) {
		f := k.config.Forges[name]
		if f.Type == config.GitHub {
			k.github(forges, name, f)
			continue
		}
		cfg := pagureConfig(name, f)
		forges[name] = wholePagure{
			pagure.New(cfg, k.of(atForge, f.Token).Text(), nil), cfg,
			pagure.Keys{Secrets: k.of(atForgeHooks, f.WebhookSecret).Lines()},
		}
	}
	return forges
}

func pagureConfig(name string, f config.Forge) pagure.Config {
	return pagure.Config{Name: name, URL: f.URL, Self: []string{f.User}}
}

func (k *connector) github(forges map[string]Forge, name string, f config.Forge) {
	cfg := github.Config{Name: name, URL: f.URL, Self: []string{f.User}}
	login := github.Credential{Token: k.of(atForge, f.Token).Text()}
	if f.App != nil {
		// Without its key, the client would read as nobody; the missing key
		// is reported with the other secrets.
		if key := k.of(atForge, f.App.Key); key.Text() != "" {
			login = github.Credential{App: int64(f.App.ID), Key: key.Bytes()}
		}
	}
	client, err := github.New(cfg, login, k.bucket.Now, nil)
	if err != nil {
		k.problem("forges."+name, err)
		return
	}
	forges[name] = wholeGitHub{client, cfg, k.of(atForgeHooks, f.WebhookSecret).Lines()}
}

// of gives a secret that belongs to a system, if that is wanted.
func (k *connector) of(system string, from config.Source) config.Secret {
	if !k.only(system) {
		return config.Secret{}
	}
	return k.secrets.Of(from)
}
