// Package config reads the configuration of one instance of distaff: which
// forges, Koji, Testing Farm and bucket it works with, and what is checked.
//
// It is one YAML file, read strictly: every mistake is reported, all at once,
// each with its place. Secrets are not in the file; it names the environment
// variables and files that hold them. Every key is explained in docs/config.md.
package config

import (
	"net/url"
	"time"
)

// Config is one instance. Parse gives it complete: defaults are filled in.
type Config struct {
	// Name is the instance's name, part of the source of its events and of the
	// names of its statuses.
	Name string `yaml:"name"`
	// Pages is the address under which people find what lies in the bucket:
	// runs/ is below it.
	Pages       string                 `yaml:"pages"`
	Bucket      Bucket                 `yaml:"bucket"`
	Forges      map[string]Forge       `yaml:"forges"`
	Koji        map[string]Koji        `yaml:"koji"`
	TestingFarm map[string]TestingFarm `yaml:"testing_farm"`
	Bodhi       Bodhi                  `yaml:"bodhi"`
	// Greenwave is nil where no rule has a gate.
	Greenwave *Greenwave `yaml:"greenwave"`
	// Composes is nil where none are made.
	Composes *Composes `yaml:"composes"`
	// Bus is nil where the forges call by web hook only.
	Bus *Bus `yaml:"bus"`
	// Hooks is nil where nobody can call; results are then asked for.
	Hooks    *Hooks   `yaml:"hooks"`
	Checks   []Check  `yaml:"checks"`
	Pipeline Pipeline `yaml:"pipeline"`
	Prices   Prices   `yaml:"prices"`
}

// Bucket is where all state lies.
type Bucket struct {
	// Endpoint is the server's address. Empty means AWS.
	Endpoint string `yaml:"endpoint"`
	Region   string `yaml:"region"`
	Name     string `yaml:"name"`
	// PathStyle puts the bucket into the path instead of the host name.
	PathStyle bool `yaml:"path_style"`
	// AccessKey and SecretKey are both set or both not; without them the
	// platform's own identity is used.
	AccessKey Source `yaml:"access_key,secret"`
	SecretKey Source `yaml:"secret_key,secret"`
	Keep      Keep   `yaml:"keep"`
}

// Keep is how many days what lies in the bucket is kept; 0 is for ever.
type Keep struct {
	Claims int `yaml:"claims"`
	Events int `yaml:"events"`
	Logs   int `yaml:"logs"`
	Dead   int `yaml:"dead"`
	Runs   int `yaml:"runs"`
	Usage  int `yaml:"usage"`
}

// The types of forges.
const (
	Pagure = "pagure"
	GitHub = "github"
)

// Forge is one forge whose pull requests are checked.
type Forge struct {
	// Type is Pagure or GitHub.
	Type string `yaml:"type"`
	URL  string `yaml:"url"`
	// User is our own account there; what it writes is not heard.
	User  string `yaml:"user"`
	Token Source `yaml:"token,secret"`
	// WebhookSecret holds what web hooks are signed with, one key a line.
	WebhookSecret Source `yaml:"webhook_secret,secret"`
	// App is nil where we are no GitHub App.
	App *GitHubApp `yaml:"github_app"`
	// Namespaces are the first parts of the paths of repositories taken.
	Namespaces []string `yaml:"namespaces"`
	Packages   Packages `yaml:"packages"`
}

// GitHubApp is what we log in to GitHub as.
type GitHubApp struct {
	ID  int    `yaml:"id"`
	Key Source `yaml:"key,file"`
}

// Packages say which repositories take part: globs of whole paths or of their
// last part.
type Packages struct {
	// Include is empty where all take part that have not opted out.
	Include []string `yaml:"include"`
	Except  []string `yaml:"except"`
}

// Koji is one Koji.
type Koji struct {
	// Server is the hub, Web the site for people, Files where its files are
	// served.
	Server string `yaml:"server"`
	Web    string `yaml:"web"`
	Files  string `yaml:"files"`
	// Owner is the user our tasks belong to.
	Owner string   `yaml:"owner"`
	Auth  KojiAuth `yaml:"auth"`
	// Source is the form of Koji's address of a commit, with {url} and
	// {commit} in it.
	Source string `yaml:"source"`
}

// KojiAuth is one way to log in: by certificate, keytab or password. The zero
// value is nobody, which is enough for reading.
type KojiAuth struct {
	// Certificate is a PEM file with the certificate and its key; CA, with the
	// authorities the hub's own must come from.
	Certificate Source `yaml:"certificate,file"`
	CA          Source `yaml:"ca,file"`
	Keytab      Source `yaml:"keytab,file"`
	// Principal is NAME@REALM.
	Principal string `yaml:"principal"`
	Krb5Conf  Source `yaml:"krb5_conf,file"`
	User      string `yaml:"user"`
	Password  Source `yaml:"password,secret"`
}

// TestingFarm is one Testing Farm.
type TestingFarm struct {
	URL   string `yaml:"url"`
	Token Source `yaml:"token,secret"`
	Ranch string `yaml:"ranch"`
	// Deployment is prod or stg.
	Deployment string `yaml:"deployment"`
}

// Bodhi knows which release a branch belongs to.
type Bodhi struct {
	URL string `yaml:"url"`
}

// Greenwave decides whether builds and updates have passed their tests.
type Greenwave struct {
	URL string `yaml:"url"`
}

// Bus is the queue at the message bus.
type Bus struct {
	URL string `yaml:"url"`
	// Password goes with the user in URL where there is no certificate.
	Password Source `yaml:"password,secret"`
	Queue    string `yaml:"queue"`
	// Passive never makes the queue: it must be there.
	Passive     bool   `yaml:"passive"`
	Certificate Source `yaml:"certificate,file"`
	Key         Source `yaml:"key,file"`
	CA          Source `yaml:"ca,file"`
	// Bindings are patterns of topics to bind the queue with.
	Bindings    []string `yaml:"bindings"`
	TopicPrefix string   `yaml:"topic_prefix"`
	// Forge and Koji are the instances whose messages are heard there.
	Forge string `yaml:"forge"`
	Koji  string `yaml:"koji"`
	// Datagrepper is the archive gaps are filled from. Empty: none.
	Datagrepper string `yaml:"datagrepper"`
}

// Address is URL with the password put in, as an AMQP client wants it. Never
// log it.
func (b *Bus) Address(password Secret) string {
	if b == nil {
		return ""
	}
	u, err := url.Parse(b.URL)
	if err != nil || password.Text() == "" {
		return b.URL
	}
	u.User = url.UserPassword(u.User.Username(), password.Text())
	return u.String()
}

// Hooks is where outside web hooks reach us.
type Hooks struct {
	URL string `yaml:"url"`
	// Key makes the addresses given away unguessable.
	Key Source `yaml:"key,secret"`
}

// Check is one check of a pull request beside the build.
type Check struct {
	// Name is one of testingfarm.Checks.
	Name     string `yaml:"name"`
	Required bool   `yaml:"required"`
	// Needs are the checks that must have passed before this one starts.
	Needs []string `yaml:"needs"`
}

// Pipeline says how pull requests are checked.
type Pipeline struct {
	// Koji and TestingFarm are the instances asked.
	Koji        string `yaml:"koji"`
	TestingFarm string `yaml:"testing_farm"`
	// Docs are globs of files that need no check.
	Docs []string `yaml:"docs"`
	// BuildLimit and TestLimit are how long a build or test may take in all.
	BuildLimit time.Duration `yaml:"build_limit"`
	TestLimit  time.Duration `yaml:"test_limit"`
}
