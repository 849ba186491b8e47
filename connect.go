package distaff

import (
	"context"
	"errors"
	"fmt"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	releaselook "github.com/distaff-project/distaff/functions/release-look"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/state"
)

// The systems Connect asks about: those the functions name, and for each api
// its own name, because an api has secrets of its own.
const (
	atForge       = "forge"
	atKoji        = "koji"
	atFarm        = "testing-farm"
	atBodhi       = "bodhi"
	atBus         = "fedora-messaging"
	atForgeHooks  = "forge-webhook"
	atFarmHooks   = "testing-farm-webhook"
	atComposeAPI  = "compose-api"
	atGreenwave   = "greenwave"
	farmHooksPath = "/" + atFarmHooks
)

// Systems tells which systems some functions touch, for Connect.
func Systems(functions []fn.Function) func(system string) bool {
	touched := map[string]bool{}
	for _, f := range functions {
		touched[f.System] = true
		if f.Web != nil {
			touched[f.Name] = true
		}
	}
	return func(system string) bool { return touched[system] }
}

// Connect makes the clients an instance's functions work with, and nothing is
// asked of any system yet. Only tells whose are needed (nil: all): the secrets
// of the others are not looked for, so that a function can run with no
// credential but its own. The error tells of everything that is wrong or
// missing, one problem a line.
func Connect(ctx context.Context, c *config.Config, secrets *config.Secrets, only func(system string) bool) (Parts, error) {
	options := s3.Options{
		Bucket: c.Bucket.Name, Endpoint: c.Bucket.Endpoint, Region: c.Bucket.Region, PathStyle: c.Bucket.PathStyle,
		AccessKey: secrets.Of(c.Bucket.AccessKey).Text(), SecretKey: secrets.Of(c.Bucket.SecretKey).Text(),
	}
	store, err := s3.Open(ctx, options)
	if err != nil {
		err = fmt.Errorf("bucket: %w", err)
	}
	counted := blob.Count(store)
	parts, err2 := ConnectTo(state.New(counted), counted, c, secrets, only)
	return parts, errors.Join(err2, err)
}

// ConnectTo is Connect for a bucket that is open already.
func ConnectTo(
	bucket state.Bucket, lister state.Lister, c *config.Config, secrets *config.Secrets, only func(system string) bool,
) (Parts, error) {
	if only == nil {
		only = func(string) bool { return true }
	}
	k := connector{config: c, secrets: secrets, only: only, bucket: bucket}
	parts := Parts{
		Bucket: bucket, Lister: lister, Rules: c.Rules(), Prefix: c.Name,
		Forges: k.forges(), Hubs: k.hubs(), HookKey: k.hookKey(), Bodhi: k.bodhi(), Bus: k.bus(), RunDays: c.Bucket.Keep.Runs,
	}
	parts.Farms = k.farms(parts.HookKey)
	parts.Composes = k.composes()
	parts.Ranges, _ = bucket.Store.(composemake.Reader) // all but those of tests have it
	return parts, errors.Join(append([]error{secrets.Err()}, k.problems...)...)
}

// connector makes clients and collects what is wrong.
type connector struct {
	config   *config.Config
	secrets  *config.Secrets
	only     func(string) bool
	bucket   state.Bucket
	problems []error
	// made are the clients of Koji's hubs.
	made map[string]*koji.Hub
}

func (k *connector) problem(path string, err error) {
	k.problems = append(k.problems, fmt.Errorf("%s: %w", path, err))
}

func (k *connector) bodhi() releaselook.Bodhi {
	if !k.only(atBodhi) {
		return nil
	}
	return bodhi.New(k.config.Bodhi.URL, nil)
}
