package client

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	krb5 "github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/spnego"
)

// Negotiate adds Kerberos tickets to requests, from the cache that kinit
// filled. Env reads the environment: KRB5CCNAME and KRB5_CONFIG say where the
// cache and the configuration lie. Only a cache in a file can be read; Fedora's
// own choice is KCM.
func Negotiate(env func(string) string) (func(*http.Request) error, error) {
	name := cmp.Or(env("KRB5CCNAME"), "/tmp/krb5cc_"+strconv.Itoa(os.Getuid()))
	file := strings.TrimPrefix(name, "FILE:")
	if kind, _, ok := strings.Cut(file, ":"); ok && strings.ToUpper(kind) == kind {
		return nil, fmt.Errorf("read the Kerberos tickets: a cache of type %s cannot be read; set KRB5CCNAME=FILE:/tmp/tickets and kinit again", kind)
	}
	cache, err := credentials.LoadCCache(file)
	if err != nil {
		return nil, fmt.Errorf("read the Kerberos tickets: nothing can be read from %s; kinit first", file)
	}
	conf, err := config.Load(cmp.Or(env("KRB5_CONFIG"), "/etc/krb5.conf"))
	if err != nil {
		return nil, fmt.Errorf("read the Kerberos configuration: %w", err)
	}
	me, err := krb5.NewFromCCache(cache, conf, krb5.DisablePAFXFAST(true))
	if err != nil {
		return nil, fmt.Errorf("use the Kerberos tickets: %w; kinit again", err)
	}
	return func(r *http.Request) error {
		if err := spnego.SetSPNEGOHeader(me, r, "HTTP/"+r.URL.Hostname()); err != nil {
			return fmt.Errorf("get a Kerberos ticket for %s: %w", r.URL.Hostname(), err)
		}
		return nil
	}, nil
}
