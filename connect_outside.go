package distaff

import (
	"context"
	"net/http"
	"strings"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/outside"
)

// outsidePolicy is whom users may have us ask.
func outsidePolicy(c *config.Composes) outside.Policy {
	return outside.Policy{Hosts: c.Outside, Only: c.OutsideOnly}
}

// outsideHTTP asks whom users name. Whoever that is may be slow on purpose, so
// that there is a limit for all of an answer.
func outsideHTTP(c *config.Composes) *http.Client {
	const parallel = 8
	return &http.Client{
		Timeout: 10 * time.Minute,
		Transport: outsidePolicy(c).Transport(&http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: parallel, MaxConnsPerHost: parallel,
			IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			// Packages and metadata are compressed as they are.
			DisableCompression: true,
		}),
	}
}

// files reads what lies with a Koji as the configuration says, and all else as
// users may have it read.
type files struct {
	below        string // the address of Koji's files, with a slash at its end; empty: none are served
	koji, others composemake.Files
}

var _ composemake.Files = files{}

func (f files) at(address string) composemake.Files {
	if f.below != "" && strings.HasPrefix(address, f.below) {
		return f.koji
	}
	return f.others
}

func (f files) Head(ctx context.Context, address string) (rpmfile.Head, error) {
	return f.at(address).Head(ctx, address)
}

func (f files) Sum(ctx context.Context, address string) (rpmfile.Sum, error) {
	return f.at(address).Sum(ctx, address)
}

func (f files) Stat(ctx context.Context, address string) (rpmfile.File, error) {
	return f.at(address).Stat(ctx, address)
}

func (f files) Text(ctx context.Context, address string) ([]byte, error) {
	return f.at(address).Text(ctx, address)
}
