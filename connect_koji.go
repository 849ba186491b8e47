package distaff

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"

	buildstart "github.com/distaff-project/distaff/functions/build-start"
	testsrequest "github.com/distaff-project/distaff/functions/tests-request"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

func (k *connector) hubs() map[string]buildstart.Koji {
	hubs := map[string]buildstart.Koji{}
	for name, hub := range k.kojis() {
		hubs[name] = hub
	}
	return hubs
}

// kojis makes the clients of all hubs, once.
func (k *connector) kojis() map[string]*koji.Hub {
	if k.made != nil || !k.only(atKoji) {
		return k.made
	}
	k.made = map[string]*koji.Hub{}
	for _, name := range slices.Sorted(maps.Keys(k.config.Koji)) {
		c := k.config.Koji[name]
		credential, err := k.credential(c.Auth)
		if err != nil {
			k.problem("koji."+name+".auth", err)
			continue
		}
		hub, err := koji.New(koji.Config{Name: name, Server: c.Server, Web: c.Web, Files: c.Files, Credential: credential})
		if err != nil {
			k.problem("koji."+name, err)
			continue
		}
		k.made[name] = hub
	}
	return k.made
}

// credential is the way to log in that the configuration names. What is
// missing is reported with the other secrets, so it is no error here.
func (k *connector) credential(a config.KojiAuth) (koji.Credential, error) {
	switch {
	case !a.Certificate.IsZero():
		return k.certificate(a)
	case !a.Keytab.IsZero():
		keys, conf := k.secrets.Of(a.Keytab), k.secrets.Need(a.Krb5Conf)
		if keys.Text() == "" || conf.Text() == "" {
			return koji.Credential{}, nil
		}
		name, realm, _ := strings.Cut(a.Principal, "@")
		return koji.Keytab(name, realm, keys.Bytes(), conf.Text())
	case a.User != "":
		return koji.Password(a.User, k.secrets.Need(a.Password).Text()), nil
	}
	return koji.Credential{}, nil
}

func (k *connector) certificate(a config.KojiAuth) (koji.Credential, error) {
	file, ca := k.secrets.Of(a.Certificate), k.secrets.Of(a.CA)
	if file.Text() == "" {
		return koji.Credential{}, nil
	}
	cert, err := tls.X509KeyPair(file.Bytes(), file.Bytes())
	if err != nil {
		return koji.Credential{}, errors.New("certificate_file: it does not hold a certificate and its key in PEM")
	}
	var roots *x509.CertPool
	if ca.Text() != "" {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ca.Bytes()) {
			return koji.Credential{}, errors.New("ca_file: there is no certificate in PEM in it")
		}
	}
	return koji.Certificate(cert, roots), nil
}

// farms makes the Testing Farms. Each is told to call us under an address made
// with key; without one it calls nobody.
func (k *connector) farms(key []byte) map[string]testsrequest.Farm {
	farms := map[string]testsrequest.Farm{}
	if !k.only(atFarm) {
		return farms
	}
	hooks := ""
	if k.config.Hooks != nil {
		hooks = strings.TrimRight(k.config.Hooks.URL, "/") + farmHooksPath
	}
	for _, name := range slices.Sorted(maps.Keys(k.config.TestingFarm)) {
		c := k.config.TestingFarm[name]
		farm := testingfarm.New(testingfarm.Config{
			Name: name, URL: c.URL, Token: k.secrets.Of(c.Token).Text(), Ranch: c.Ranch,
		})
		farms[name] = testsrequest.Farm{API: farm, Results: farm, Deployment: c.Deployment, Hooks: hooks, Key: key}
	}
	return farms
}

// hookKey makes and checks the addresses given to Testing Farm: who gives them
// needs it, and who is called at them.
func (k *connector) hookKey() []byte {
	if k.config.Hooks == nil || !k.only(atFarm) && !k.only(atFarmHooks) {
		return nil
	}
	return []byte(k.secrets.Need(k.config.Hooks.Key).Text())
}
