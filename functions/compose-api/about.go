package composeapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/permit"
)

// aboutServer is what a server says of itself, in ODCS's form.
type aboutServer struct {
	AllowedClients clients                      `json:"allowed_clients"`
	AuthBackend    string                       `json:"auth_backend"`
	RawConfigURLs  map[string]map[string]string `json:"raw_config_urls"`
	Sigkeys        []string                     `json:"sigkeys"`
	Version        string                       `json:"version"`
}

// clients are users and groups, with what each may ask for.
type clients struct {
	Groups map[string]map[string][]string `json:"groups"`
	Users  map[string]map[string][]string `json:"users"`
}

// about answers GET /api/1/about/. Who may do what is no stranger's business:
// ODCS tells everybody. Here each is told what holds for him, and admins all;
// the addresses of configurations, which may hold secrets, nobody.
func (a api) about(ctx context.Context, c call) (answer, error) {
	who, err := a.authenticate(c)
	if err != nil {
		return answer{}, err
	}
	if who.Anonymous {
		who = a.named(ctx, c)
	}
	told := aboutServer{
		AllowedClients: a.clients(who), AuthBackend: a.AuthBackend, RawConfigURLs: map[string]map[string]string{},
		Sigkeys: append([]string{}, a.Defaults.Sigkeys...), Version: a.Version,
	}
	if told.Version == "" {
		told.Version = "unknown"
	}
	for name := range a.Defaults.RawConfigs {
		told.RawConfigURLs[name] = map[string]string{}
	}
	raw, err := json.Marshal(told)
	return answer{code: http.StatusOK, body: append(raw, '\n')}, err
}

// named is the caller if he says who he is. While reading is open to all, that
// is not looked at in a GET; here it makes a difference.
func (a api) named(ctx context.Context, c call) login.Caller {
	asked := c.Clone(ctx)
	asked.Method = http.MethodPost
	who, err := a.Login.Authenticate(asked)
	if err != nil {
		return login.Caller{Anonymous: true}
	}
	return who
}

func (a api) clients(who login.Caller) clients {
	shown := clients{Groups: map[string]map[string][]string{}, Users: map[string]map[string][]string{}}
	caller := callerOf(who)
	all := !who.Anonymous && !a.Policy.Open && a.Policy.IsAdmin(caller)
	for name, allowed := range a.Policy.Clients.Users {
		if all || !who.Anonymous && name == who.Name {
			shown.Users[name] = attributesOf(allowed)
		}
	}
	for _, name := range who.Groups {
		if allowed, ok := a.Policy.Clients.Groups[name]; ok {
			shown.Groups[name] = attributesOf(allowed)
		}
	}
	if all {
		for name, allowed := range a.Policy.Clients.Groups {
			shown.Groups[name] = attributesOf(allowed)
		}
	}
	return shown
}

// attributesOf writes an entry as ODCS's configuration has it.
func attributesOf(allowed permit.Allowed) map[string][]string {
	out := map[string][]string{}
	for name, list := range map[string][]string{
		"source_types": allowed.SourceTypes, "sources": allowed.Sources, "results": allowed.Results, "flags": allowed.Flags, "arches": allowed.Arches,
		"compose_types": allowed.ComposeTypes, "target_dirs": allowed.TargetDirs, "raw_config_keys": allowed.RawConfigKeys,
	} {
		if list != nil {
			out[name] = list
		}
	}
	return out
}
