package deploy

import (
	"fmt"
	"strings"
)

// Permissions writes docs/permissions.md: who may do what.
func Permissions(units []Unit) []byte {
	var b strings.Builder
	b.WriteString(permissionsHead)
	b.WriteString("| function | foreign system | what it asks there | its Secrets |\n|---|---|---|---|\n")
	for _, u := range units {
		for _, f := range u.Functions {
			system := f.System
			if system == "" {
				system = "–"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, system, Verbs(f.Name), secretsText(f.Name))
		}
	}
	b.WriteString(bucketHead)
	for _, u := range units {
		for _, f := range u.Functions {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, accessText(Access(f.Name)))
		}
	}
	b.WriteString(permissionsTail)
	return []byte(b.String())
}

func secretsText(function string) string {
	mounts := secretsOf(function)
	if len(mounts) == 0 {
		return "–"
	}
	var out []string
	for _, m := range mounts {
		out = append(out, fmt.Sprintf("`%s` at `%s/%s`: %s", m.Secret, SecretsDir, m.Folder, m.Holds))
	}
	return strings.Join(out, "; ")
}

func accessText(grants []Grant) string {
	var out []string
	for _, g := range grants {
		var verbs []string
		for _, v := range g.Verbs {
			verbs = append(verbs, string(v))
		}
		out = append(out, fmt.Sprintf("`%s` %s", g.Prefix, strings.Join(verbs, ", ")))
	}
	return strings.Join(out, " · ")
}

const permissionsHead = `<!-- Made by make generate of infra/deploy. Do not edit. -->
# Who may do what

A function has one foreign system at most, and the credential for it alone. This is generated from the code
(` + "`infra/deploy`" + `), and a test plays whole pull requests, and composes of every kind from the request to their removal, with every
function held to it: one that does something else fails, and so does a permission that nobody uses.

## Foreign systems

` + "`–`" + ` is none: a reactor decides on what it is told and what is in the bucket. The one exception is ` + "`compose-api`" + `: who checks logins has to
ask the issuer of tokens for its keys, and a directory for groups. It has no credential but for that.

`

const bucketHead = `
## The bucket

Each Service has a key of its own, in the Secret ` + "`bucket-<service>`" + ` (files ` + "`access-key` and `secret-key`" + `). ` + "`clock-tick`" + ` and
` + "`fedmsg-drain`" + ` are one Service, ` + "`minute`" + `, and share its key. *get* includes the right to be told that an object is not there.

| function | may |
|---|---|
`

const permissionsTail = `
` + "`infra/policies/<service>.json`" + ` says the same to AWS IAM and to MinIO; replace BUCKET by the bucket's name. At a MinIO it is tried that
each allows what the table says and nothing else (` + "`make test-minio`" + `); at AWS it was not. Two things a policy
cannot say exactly:

* Whoever reads must be told 404, not 403, of what is not there, and AWS ties that to ` + "`s3:ListBucket`" + `, which it then asks for
  without a prefix. The statement ToldWhatIsNotThere allows that, and with it such a Service could list the names (not the contents)
  of the whole bucket if it listed without a prefix. MinIO answers 404 without it. Services that do not read do not have it.
* That a document is only written under a condition. On AWS a statement on the bucket can demand it: deny ` + "`s3:PutObject`" + ` on
  ` + "`pr/*`, `claims/*`, `shown/*`, `compose/doc/*` and `compose/content/*`" + ` where both ` + "`s3:if-match` and `s3:if-none-match`" + ` are null.

The public reads ` + "`runs/` and `composes/`" + ` and nothing else, and lists nothing: by a policy of the bucket (` + "`distaff bucket init --public`" + `, tried at a
MinIO) or by what serves them. ` + "`distaff bucket init`" + ` and
` + "`distaff doctor`" + ` are run by a person with a key of their own, which may do anything to the bucket.

## Kubernetes

Functions ask Kubernetes for nothing. Each Service has an account of its own, so that it can be told apart (tokens of brokers that
ask for one, identities of clouds), with no Role and without a token in the pod. People who pause Triggers need to
` + "`patch`" + ` ` + "`triggers.eventing.knative.dev`" + ` in the namespace; ` + "`distaff trigger`" + ` does it with their own account.

## The network

` + "`infra/base/network.yaml`" + `: nothing comes in but from Knative (its activator and autoscaler, and the gateway that stands before
them), nothing goes out but to DNS, brokers, the bucket and, for functions with a foreign system and ` + "`compose-api`" + `, ports 443, 636 (LDAP) and 5671 (AMQP) outside the cluster.

What a NetworkPolicy cannot say is *which* pod may call *which* function: all calls come through Knative's activator. That only the
broker calls is up to the visibility (all but the apis are reached within the cluster only), and who may speak into a broker is up to the
EventPolicies in ` + "`infra/components/event-policies`" + `, on clusters with OIDC.
`
