package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/config"
)

// place is which distaff is meant: one that is configured, or the one run here.
type place struct {
	configFile string
	state      string
}

// flags adds --config and --state to a command.
func (p *place) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.configFile, "config", "", "the configuration of a distaff in production")
	cmd.Flags().StringVar(&p.state, "state", ".state", "the directory of a distaff run here (distaff dev, distaff demo)")
	cmd.MarkFlagsMutuallyExclusive("config", "state")
}

// local tells whether a world of this machine is meant.
func (p *place) local() bool { return p.configFile == "" }

// opened is a place that was found.
type opened struct {
	cfg   *config.Config
	files world.Files
	close func()
}

// config reads the configuration of the place.
func (p *place) config() (*config.Config, error) {
	file := p.configFile
	if p.local() {
		file = world.ConfigFile(p.state)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, failed(exitTrouble, "nothing of distaff is in %s: run `distaff dev` or `make demo` first, or say where it is with --state DIR or --config FILE", p.state)
		}
	}
	cfg, err := config.Read(file)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	return cfg, nil
}

// open opens the bucket. That of a world which does not run is read from its
// directory.
func (p *place) open(ctx context.Context) (*opened, error) {
	cfg, err := p.config()
	if err != nil {
		return nil, err
	}
	if p.local() && !answers(ctx, cfg.Bucket.Endpoint) {
		server, err := store.Open(filepath.Join(p.state, "store"), store.Options{Sync: true})
		if err != nil {
			return nil, failed(exitTrouble, "%w", err)
		}
		inside, err := server.Bucket(cfg.Bucket.Name)
		if err != nil {
			return nil, failed(exitTrouble, "open the bucket: %w", err)
		}
		return &opened{cfg, inside, func() { _ = server.Close() }}, nil
	}
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	options := s3.Options{
		Bucket: cfg.Bucket.Name, Endpoint: cfg.Bucket.Endpoint, Region: cfg.Bucket.Region, PathStyle: cfg.Bucket.PathStyle,
		AccessKey: secrets.Of(cfg.Bucket.AccessKey).Text(), SecretKey: secrets.Of(cfg.Bucket.SecretKey).Text(),
	}
	if err := secrets.Err(); err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	bucket, err := s3.Open(ctx, options)
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	return &opened{cfg, bucket, func() {}}, nil
}

// answers tells whether somebody listens at an address.
func answers(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// notRunning is the error of a command that needs a world that runs.
func (p *place) notRunning(address string) error {
	return failed(exitTrouble, "nobody listens at %s: the distaff in %s does not run; start it with `distaff dev --state %s`", address, p.state, p.state)
}

// named describes the place in a sentence.
func (p *place) named() string {
	if p.local() {
		return p.state
	}
	return fmt.Sprintf("the bucket of %s", p.configFile)
}
