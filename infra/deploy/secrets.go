package deploy

// SecretsDir is where the Secrets of a Service are mounted, one folder each. As
// files, not as variables: what a process inherits and prints is its variables.
const SecretsDir = "/secrets"

// Mount is a Secret as a function sees it.
type Mount struct {
	// Folder is below SecretsDir; what the configuration names.
	Folder string
	// Secret is its name. One folder may stand for different Secrets in
	// different functions: who only reads is given a key that only reads.
	Secret string
	// Holds says what is in it.
	Holds string
}

// BucketFolder holds a Service's own key to the bucket, in the files access-key
// and secret-key.
const BucketFolder = "bucket"

// Mounts are the Secrets of a unit. None is shared by two that could do with
// different ones.
func (u Unit) Mounts() []Mount {
	mounts := []Mount{{BucketFolder, "bucket-" + u.Name, "its own key to the bucket"}}
	for _, f := range u.Functions {
		mounts = append(mounts, secretsOf(f.Name)...)
	}
	return mounts
}

func secretsOf(function string) []Mount {
	koji := Mount{"koji", "distaff-koji", "the keytab or certificate for Koji"}
	hooks := Mount{"hooks", "distaff-hooks", "the key that makes and checks the addresses given to Testing Farm"}
	switch function {
	case "forge-webhook":
		return []Mount{{"forge-webhook", "distaff-forge-webhook", "what the forges sign their calls with"}}
	case "testing-farm-webhook":
		return []Mount{hooks}
	case "fedmsg-drain":
		return []Mount{{"fedora-messaging", "distaff-fedora-messaging", "the certificate for the queue"}}
	case "change-look":
		return []Mount{{"forge", "distaff-forge-read", "tokens of the forges that may only read"}}
	case "status-report":
		return []Mount{{"forge", "distaff-forge", "tokens of the forges that may set a status"}}
	case "build-start":
		return []Mount{koji}
	case "compose-make":
		koji.Secret, koji.Holds = "distaff-koji-read", "a keytab or certificate for Koji of an account without any permission"
		return []Mount{koji}
	case "compose-api":
		return []Mount{{"login", "distaff-compose-login", "what callers' logins are checked with: the keytab of HTTP/…, the account at the issuer of tokens, the secret of the ingress"}}
	case "bus-publish":
		return []Mount{{"fedora-messaging", "distaff-fedora-messaging-publish", "a certificate of its own for the bus, which may only publish"}}
	case "tests-request":
		return []Mount{{"testing-farm", "distaff-testing-farm", "the API key of Testing Farm"}, hooks}
	}
	return nil
}

// Verbs are what a function asks of its foreign system, in the system's own
// words, and what the credential must be allowed.
func Verbs(function string) string {
	switch function {
	case "forge-webhook":
		return "is called by the forge; calls nobody"
	case "testing-farm-webhook":
		return "is called by Testing Farm; calls nobody"
	case "fedmsg-drain":
		return "consumes and acks its own queue; reads datagrepper"
	case "change-look":
		return "reads pull requests, their files and heads"
	case "status-report":
		return "sets statuses (Pagure: flags of a pull request or commit; GitHub: check runs or statuses)"
	case "build-start":
		return "`build` (scratch), `cancelTask`; reads tasks, their results and logs"
	case "tests-request":
		return "`POST`, `GET` and `DELETE` `/requests`, `GET /composes`; reads results"
	case "release-look":
		return "`GET /releases`, without a credential"
	case "compose-api":
		return "is called by clients; asks the issuer of their tokens for its keys and about tokens, LDAP or FASJSON for groups"
	case "compose-page":
		return "is called by people and by dnf; calls nobody"
	case "compose-make":
		return "reads: tags and what they inherit, builds, RPMs, checksums, modules (no write call is in its code); `GET` of files, most of them the first bytes; Git files and repositories that the configuration or a request names; MBS"
	case "gate-ask":
		return "`POST /api/v1.0/decision`, which changes nothing, without a credential"
	case "bus-publish":
		return "publishes to the exchange `amq.topic`, two topics; reads nothing"
	}
	return "–"
}
