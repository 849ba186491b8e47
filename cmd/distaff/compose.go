package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/distaff-project/distaff/shared/odcs/client"
)

func composeCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compose",
		Short: "Ask for composes: repositories of just the packages somebody wants",
		Long: example(
			"distaff compose create tag f45-updates --packages bash,zsh --wait", "what is in a tag of Koji, and what that needs",
			"distaff compose get 12", "how it stands, and how to install from it",
			"distaff compose diff 11 12", "what is otherwise between two",
		) + `A compose is a repository that dnf installs from: it lists RPMs that stay in Koji,
and goes after a day unless it is renewed.

All commands work with an API (--api, or DISTAFF_API), with the bucket of one in
production (--config), and with a distaff that runs here (--state). An API is asked
with the token in DISTAFF_TOKEN or --token-file, with a client certificate, or with
Kerberos.`,
	}
	cmd.SetFlagErrorFunc(func(of *cobra.Command, err error) error { return flagMeant(of, err) })
	cmd.AddCommand(
		composeCreateCommand(s), composeGetCommand(s), composeListCommand(s), composeWaitCommand(s), composeRenewCommand(s),
		composeDeleteCommand(s), composeDiffCommand(s), composeRepofileCommand(s),
	)
	return cmd
}

// flagMeant tells which option could have been meant by one that is not there.
func flagMeant(cmd *cobra.Command, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return err
	}
	var all []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { all = append(all, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, meant("--"+name, all))
}

// composePlace is which composes are meant: those behind an API, or those of a
// place.
type composePlace struct {
	place
	api              string
	tokenFile        string
	certificate, key string
	authority        string
	negotiate        bool
}

func (p *composePlace) flags(cmd *cobra.Command) {
	p.place.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&p.api, "api", "", "the address of an API, https://HOST[/PATH] (default: $DISTAFF_API)")
	f.StringVar(&p.tokenFile, "token-file", "", "a file with the OIDC token for the API (default: the token in $DISTAFF_TOKEN)")
	f.StringVar(&p.certificate, "cert", "", "a PEM file with a client certificate for the API")
	f.StringVar(&p.key, "key", "", "a PEM file with its key (default: it is in the same file)")
	f.StringVar(&p.authority, "ca", "", "a PEM file with the authorities the API's certificate comes from")
	f.BoolVar(&p.negotiate, "negotiate", false, "log in with the Kerberos ticket of kinit")
	cmd.MarkFlagsMutuallyExclusive("api", "config")
	cmd.MarkFlagsMutuallyExclusive("api", "state")
}

// settle takes the API of the environment, where no other place is named.
func (p *composePlace) settle(cmd *cobra.Command) {
	named := cmd.Flags().Changed("config") || cmd.Flags().Changed("state")
	if p.api == "" && !named {
		p.api = os.Getenv("DISTAFF_API")
	}
}

// client gives the client of the API at an address.
func (p *composePlace) client(address string) (*client.Client, error) {
	o := client.Options{URL: address, Token: strings.TrimSpace(os.Getenv("DISTAFF_TOKEN"))}
	if p.tokenFile != "" {
		raw, err := os.ReadFile(p.tokenFile)
		if err != nil {
			return nil, failed(exitTrouble, "read the token: %w", err)
		}
		o.Token = strings.TrimSpace(string(raw))
	}
	var err error
	if o.TLS, err = p.tls(); err != nil {
		return nil, err
	}
	if p.negotiate {
		if o.Negotiate, err = client.Negotiate(os.Getenv); err != nil {
			return nil, failed(exitTrouble, "%w", err)
		}
	}
	c, err := client.New(o)
	if err != nil {
		return nil, failed(exitUsage, "--api %s: %w", address, err)
	}
	return c, nil
}

func (p *composePlace) tls() (*tls.Config, error) {
	if p.certificate == "" && p.authority == "" {
		if p.key != "" {
			return nil, failed(exitUsage, "--key is the key of a certificate: name that with --cert")
		}
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.certificate != "" {
		key := p.key
		if key == "" {
			key = p.certificate
		}
		pair, err := tls.LoadX509KeyPair(p.certificate, key)
		if err != nil {
			return nil, failed(exitTrouble, "read the client certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	if p.authority != "" {
		raw, err := os.ReadFile(p.authority)
		if err != nil {
			return nil, failed(exitTrouble, "read the authorities: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(raw) {
			return nil, failed(exitTrouble, "read the authorities: there is no certificate in %s", p.authority)
		}
	}
	return out, nil
}

// reader gives what answers questions about composes, and what to do when done
// with it.
func (p *composePlace) reader(cmd *cobra.Command) (composes, func(), error) {
	p.settle(cmd)
	if p.api != "" {
		c, err := p.client(p.api)
		return apiComposes{c}, func() {}, err
	}
	o, err := p.open(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	b, err := composesIn(o)
	if err != nil {
		o.close()
		return nil, nil, failed(exitTrouble, "%w", err)
	}
	return b, o.close, nil
}

// writer gives the API that changes are asked of: what changes goes through it,
// so that it is allowed, numbered and heard.
func (p *composePlace) writer(cmd *cobra.Command) (*client.Client, error) {
	p.settle(cmd)
	if p.api != "" {
		return p.client(p.api)
	}
	cfg, err := p.config()
	if err != nil {
		return nil, err
	}
	if cfg.Hooks.URL == "" {
		return nil, failed(exitUsage, "composes are asked for, renewed and deleted through the API, and %s does not tell where that is: name it with --api URL", p.configFile)
	}
	if p.local() && !answers(cmd.Context(), cfg.Hooks.URL) {
		return nil, p.notRunning(cfg.Hooks.URL)
	}
	return p.client(strings.TrimSuffix(cfg.Hooks.URL, "/") + "/compose-api")
}

// told makes an exit of what went wrong with an API or a bucket.
func told(ctx context.Context, doing string, err error) error {
	var refused *client.RefusedError
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupt}
	case !errors.As(err, &refused):
		return failed(exitTrouble, "%s: %w", doing, err)
	}
	code, hint := exitTrouble, ""
	switch refused.Code {
	case 400, 413:
		code = exitUsage
	case 401:
		hint = "\nLog in: put a token into DISTAFF_TOKEN or --token-file, or use --cert or --negotiate."
	case 404:
		code = exitNothing
	}
	return failed(code, "%s: %w%s", doing, refused, hint)
}

// flagged is what leads another command to the same composes.
func (p *composePlace) flagged() string {
	switch {
	case p.api == "":
		return p.place.flagged()
	case p.api == os.Getenv("DISTAFF_API"):
		return ""
	}
	return " --api " + quoted(p.api)
}
