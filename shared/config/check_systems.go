package config

import (
	"net/url"
	"regexp"
	"strings"
)

func (r *reader) checkForges(c *Config) {
	if len(c.Forges) == 0 && c.Composes == nil {
		r.absent("forges", "name at least one forge whose pull requests are checked")
	}
	at := map[string]string{} // the forge by address
	for _, name := range names(c.Forges) {
		f, here := c.Forges[name], under("forges", name)
		r.checkForge(here, f)
		address := strings.ToLower(strings.TrimRight(f.URL, "/"))
		if other, twice := at[address]; twice && address != "" {
			r.fail(here+".url", "is the address of forges.%s too; each pull request would be checked twice", other)
		}
		at[address] = name
	}
}

func (r *reader) checkForge(at string, f Forge) {
	switch f.Type {
	case Pagure, GitHub:
	case "":
		r.absent(at+".type", "write pagure or github")
		return // the rest depends on it
	default:
		r.fail(at+".type", "%q is no type of forge; write pagure or github", clip(f.Type))
		return
	}
	r.address(at+".url", f.URL, "name the address of the forge, such as https://src.fedoraproject.org", web)
	if f.User == "" {
		r.absent(at+".user", "name our own account there; what it writes is not heard")
	}
	switch {
	case f.App == nil:
	case f.Type == Pagure:
		r.fail(at+".github_app", "is for github only; remove it")
	case !f.Token.IsZero():
		r.fail(at+".github_app", "excludes a token; keep one of them")
	default:
		if f.App.ID == 0 {
			r.absent(at+".github_app.id", "it is the App ID on the App's settings page")
		}
		if f.App.Key.IsZero() {
			r.absent(at+".github_app.key_file", "name the file of the App's private key")
		}
	}
	if len(f.Namespaces) == 0 {
		r.absent(at+".namespaces", "list the first parts of the paths of the repositories, such as the organisation")
	}
	for i, namespace := range f.Namespaces {
		if !isPathPart(namespace) {
			r.fail(index(at+".namespaces", i), "%q is no namespace; it is the part of a repository's path before the first /", clip(namespace))
		}
	}
	r.once(at+".namespaces", f.Namespaces)
	if r.given(at+".packages.include") && len(f.Packages.Include) == 0 {
		r.fail(at+".packages.include", "an empty list takes no package; list some, or remove the line to take all")
	}
	r.globs(at+".packages.include", f.Packages.Include)
	r.globs(at+".packages.except", f.Packages.Except)
}

func (r *reader) checkKojis(c *Config) {
	if len(c.Koji) == 0 {
		r.absent("koji", "name the Koji that builds")
	}
	for name, k := range c.Koji {
		at := under("koji", name)
		r.address(at+".server", k.Server, "name the address of the hub, such as https://koji.fedoraproject.org/kojihub", web)
		if r.given(at + ".web") {
			r.address(at+".web", k.Web, "name the address of the site for people, or remove the line", web)
		}
		if r.given(at + ".files") {
			r.address(at+".files", k.Files, "name the address Koji's files are served at, or remove the line", web)
		}
		if strings.Count(k.Source, "{url}") != 1 || strings.Count(k.Source, "{commit}") != 1 {
			r.fail(at+".source", "wants {url} and {commit} once each, such as %s", defaultSource)
		}
		r.checkAuth(at+".auth", k.Auth)
	}
}

// checkAuth makes sure that there is one way to log in at most, and whole.
func (r *reader) checkAuth(at string, a KojiAuth) {
	certificate := !a.Certificate.IsZero() || !a.CA.IsZero()
	kerberos := !a.Keytab.IsZero() || a.Principal != "" || !a.Krb5Conf.IsZero()
	password := a.User != "" || !a.Password.IsZero()
	ways := 0
	for _, way := range []bool{certificate, kerberos, password} {
		if way {
			ways++
		}
	}
	switch {
	case ways > 1:
		r.fail(at, "has more than one way to log in; keep one of certificate, keytab and password")
	case ways == 0 && r.given(at) && !r.troubled(at):
		r.fail(at, "has no way to log in; set certificate_file, keytab_file or user, or remove it to only read")
	case certificate && a.Certificate.IsZero():
		r.absent(at+".certificate_file", "ca_file goes with it")
	case kerberos:
		if a.Keytab.IsZero() {
			r.absent(at+".keytab_file", "name the file of the principal's keys")
		}
		if name, realm, ok := strings.Cut(a.Principal, "@"); a.Principal == "" {
			r.absent(at+".principal", "name it as NAME@REALM")
		} else if !ok || name == "" || realm == "" || strings.Contains(realm, "@") {
			r.fail(at+".principal", "%q is no principal; it is NAME@REALM", clip(a.Principal))
		}
	case password:
		r.together(at, "user", a.User != "", "password_env", !a.Password.IsZero())
	}
}

func (r *reader) checkFarms(c *Config) {
	if len(c.TestingFarm) == 0 && len(c.Checks) > 0 && (len(c.Forges) > 0 || c.Composes == nil) {
		r.absent("testing_farm", "name the Testing Farm that runs the checks, or write checks: [] to build only")
	}
	for name, farm := range c.TestingFarm {
		at := under("testing_farm", name)
		r.address(at+".url", farm.URL, "name the address of the API, or remove the line", web)
		if !isPathPart(farm.Ranch) {
			r.fail(at+".ranch", "%q is no ranch; write public or redhat", clip(farm.Ranch))
		}
		if farm.Deployment != "prod" && farm.Deployment != "stg" {
			r.fail(at+".deployment", "%q is no deployment; write prod or stg", clip(farm.Deployment))
		}
	}
}

func (r *reader) checkBus(c *Config) {
	b := c.Bus
	if len(c.Forges) > 0 && len(c.pagures()) == 0 && c.Composes == nil {
		r.fail("bus", "is for the messages of a pagure, and forges has none; add one, or remove bus")
	}
	r.address("bus.url", b.URL, "name the address of the broker, such as amqps://fedora:@rabbitmq.fedoraproject.org/%2Fpublic_pubsub", bus)
	if b.Queue == "" {
		r.absent("bus.queue", "name the queue that keeps the messages for us")
	}
	r.together("bus", "certificate_file", !b.Certificate.IsZero(), "key_file", !b.Key.IsZero())
	if u, err := url.Parse(b.URL); err == nil && !b.Password.IsZero() {
		switch {
		case !b.Certificate.IsZero():
			r.fail("bus.certificate_file", "excludes a password; keep one of them")
		case u.User.Username() == "":
			r.fail("bus.url", "names no user the password could belong to; write %s://USER@HOST/VHOST", bus)
		}
	}
	if !b.Passive && len(b.Bindings) == 0 {
		r.absent("bus.bindings", "a queue we make hears only what it is bound to; list patterns of topics, or set passive: true")
	}
	for i, pattern := range b.Bindings {
		if !binding().MatchString(pattern) {
			r.fail(index("bus.bindings", i), "%q is no pattern of topics; it has words with dots between, * for one word, # for any", clip(pattern))
		}
	}
	r.once("bus.bindings", b.Bindings)
	if !topic().MatchString(b.TopicPrefix) {
		r.fail("bus.topic_prefix", "%q is no beginning of topics; it is such as org.fedoraproject.prod", clip(b.TopicPrefix))
	}
	if f, ok := c.Forges[b.Forge]; ok && f.Type == GitHub {
		r.fail("bus.forge", "%q is a github, which calls by web hook; name a pagure", b.Forge)
	}
	if len(c.pagures()) > 0 || b.Forge != "" {
		r.instance("bus.forge", "forges", b.Forge, c.pagures(), "name the pagure whose messages the bus has, one of ")
	}
	if r.given("bus.koji") { // else it is the one in pipeline
		r.instance("bus.koji", "koji", b.Koji, names(c.Koji), "name the Koji whose messages the bus has, one of ")
	}
	if b.Datagrepper != "" {
		r.address("bus.datagrepper", b.Datagrepper, "", web)
	}
}

func binding() *regexp.Regexp {
	return regexp.MustCompile(`^(\*|#|[A-Za-z0-9_-]+)(\.(\*|#|[A-Za-z0-9_-]+))*$`)
}

func topic() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`) }
