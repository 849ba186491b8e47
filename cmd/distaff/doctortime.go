package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/config"
)

// Days before the end of a certificate at which a person should know, and act.
const (
	daysSoon = 30
	daysNow  = 7
)

// endpoints are the addresses of the systems, by what they are.
func endpoints(cfg *config.Config) map[string]string {
	all := map[string]string{"bucket": cfg.Bucket.Endpoint, "bodhi": cfg.Bodhi.URL, "pages": cfg.Pages}
	for name, f := range cfg.Forges {
		all["forge "+name] = f.URL
	}
	for name, k := range cfg.Koji {
		all["koji "+name], all["koji "+name+" files"] = k.Server, k.Files
	}
	for name, t := range cfg.TestingFarm {
		all["testing farm "+name] = t.URL
	}
	if cfg.Hooks != nil {
		all["hooks"] = cfg.Hooks.URL
	}
	if cfg.Bus != nil {
		all["bus"], all["datagrepper"] = cfg.Bus.URL, cfg.Bus.Datagrepper
	}
	maps.DeleteFunc(all, func(_, address string) bool { return address == "" })
	return all
}

// skew compares this machine's clock with those of the systems: S3 refuses
// requests signed 15 minutes off, Kerberos tickets 5.
func (d *doctor) skew(ctx context.Context, cfg *config.Config) finding {
	f := finding{What: "clocks", Level: good}
	var mu sync.Mutex
	off := map[string]time.Duration{}
	var asking sync.WaitGroup
	for name, address := range endpoints(cfg) {
		if !strings.HasPrefix(address, "http") {
			continue
		}
		asking.Go(func() {
			before := d.now()
			answer, err := d.ask(ctx, name, http.MethodHead, address, nil)
			if err != nil {
				return // told where the system is looked at
			}
			date, err := http.ParseTime(answer.Header.Get("Date"))
			if err != nil {
				return
			}
			middle := before.Add(d.now().Sub(before) / 2)
			mu.Lock()
			defer mu.Unlock()
			off[name] = middle.Sub(date.Add(500 * time.Millisecond)).Round(time.Second) // the header has whole seconds
		})
	}
	asking.Wait()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(off)) {
		by := off[name].Abs()
		if by < 30*time.Second {
			continue
		}
		if f.Level == good {
			f.Level = soon
		}
		if by >= 4*time.Minute {
			f.Level = bad
		}
		parts = append(parts, fmt.Sprintf("%s off by %s", name, off[name]))
	}
	switch {
	case len(parts) > 0:
		f.Text = strings.Join(parts, ", ")
		f.Means = "S3 refuses what is signed 15 minutes off, Kerberos 5; deadlines come early or late"
		f.Do = "if all are off, it is this machine's clock (timedatectl); if one is, tell those who run it"
	case len(off) == 0:
		f.Level, f.Text = unknown, "nobody told the time"
	default:
		f.Text = fmt.Sprintf("%d systems have the same time as this machine", len(off))
	}
	return f
}

// certificates looks how long client certificates and those of the servers are
// good.
func (d *doctor) certificates(ctx context.Context, cfg *config.Config) []finding {
	var found []finding
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	for name, source := range ownCertificates(cfg) {
		if cert := firstCertificate(secrets.Of(source).Bytes()); cert != nil {
			f := finding{What: "certificate", Level: good, Text: "our own for " + name}
			f.until(cert.NotAfter, d.now(), f.Text, "we cannot log in there any more")
			found = append(found, f)
		}
	}
	var mu sync.Mutex
	var asking sync.WaitGroup
	seen := map[string]bool{}
	for name, address := range endpoints(cfg) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" && u.Scheme != "amqps" || seen[u.Host] {
			continue
		}
		seen[u.Host] = true
		asking.Go(func() {
			f, ok := d.server(ctx, name, u, cfg)
			mu.Lock()
			defer mu.Unlock()
			if ok {
				found = append(found, f)
			}
		})
	}
	asking.Wait()
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.Text, b.Text) })
	if len(found) == 0 {
		return []finding{{What: "certificates", Level: good, Text: "none: nothing is encrypted here"}}
	}
	return merge(found)
}

// server looks at the certificate of a server. One that is not trusted is told
// with the reason.
func (d *doctor) server(ctx context.Context, name string, u *url.URL, cfg *config.Config) (finding, bool) {
	f := finding{What: "certificate", Level: good, Text: name + " (" + u.Hostname() + ")"}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "amqps": "5671"}[u.Scheme]
	}
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	for _, ca := range authorities(name, cfg) {
		if conf.RootCAs == nil {
			conf.RootCAs = x509.NewCertPool()
		}
		conf.RootCAs.AppendCertsFromPEM(secrets.Of(ca).Bytes())
	}
	if transport, ok := d.http.Transport.(*http.Transport); ok && conf.RootCAs == nil && transport.TLSClientConfig != nil {
		conf.RootCAs = transport.TLSClientConfig.RootCAs
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: conf}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		var verify *tls.CertificateVerificationError
		if !errors.As(err, &verify) {
			return f, false // told where the system is looked at
		}
		f.Level, f.Text = bad, f.Text+": "+verify.Err.Error()
		f.Means, f.Do = "no function talks to it", "if it is expired or of another name, tell those who run it; if its authority is their own, name it in the configuration (ca_file)"
		return f, true
	}
	defer func() { _ = conn.Close() }()
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return f, false
	}
	f.until(secure.ConnectionState().PeerCertificates[0].NotAfter, d.now(), f.Text, "then no function talks to it any more")
	return f, true
}

// authorities are the files with a system's own certificate authorities.
func authorities(name string, cfg *config.Config) []config.Source {
	if cfg.Bus != nil && name == "bus" && !cfg.Bus.CA.IsZero() {
		return []config.Source{cfg.Bus.CA}
	}
	if k, ok := cfg.Koji[strings.TrimPrefix(name, "koji ")]; ok && !k.Auth.CA.IsZero() {
		return []config.Source{k.Auth.CA}
	}
	return nil
}

func ownCertificates(cfg *config.Config) map[string]config.Source {
	own := map[string]config.Source{}
	for name, k := range cfg.Koji {
		own["koji "+name] = k.Auth.Certificate
	}
	if cfg.Bus != nil {
		own["the bus"] = cfg.Bus.Certificate
	}
	maps.DeleteFunc(own, func(_ string, s config.Source) bool { return s.IsZero() })
	return own
}

func firstCertificate(raw []byte) *x509.Certificate {
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			return cert
		}
	}
	return nil
}

// until judges how long something is still good.
func (f *finding) until(end, now time.Time, what, means string) {
	days := int(end.Sub(now).Hours() / 24)
	text := fmt.Sprintf("%s is good for %d days, until %s", what, days, end.UTC().Format(time.DateOnly))
	switch {
	case !end.After(now):
		f.Level, text = bad, fmt.Sprintf("%s expired at %s", what, stamp(end))
	case days < daysNow:
		f.Level = bad
	case days < daysSoon:
		f.Level = soon
	}
	if f.Level != good {
		f.Means, f.Do = means, "renew it, or have it renewed; functions read it at their next start"
	}
	if f.What == "certificate" {
		f.Text = text
		return
	}
	f.Text += ", " + text
}

// merge makes one line of all certificates that are good for long.
func merge(found []finding) []finding {
	var out []finding
	var fine []string
	for _, f := range found {
		if f.Level == good {
			fine = append(fine, f.Text)
		} else {
			out = append(out, f)
		}
	}
	if len(fine) > 3 {
		fine = append(fine[:3], fmt.Sprintf("and %d more", len(fine)-3))
	}
	if len(fine) > 0 {
		out = append(out, finding{What: "certificates", Level: good, Text: strings.Join(fine, "; ")})
	}
	return out
}
