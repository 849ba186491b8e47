//go:build minio

package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/distaff-project/distaff/infra/deploy"
)

const bucketName = "policies"

// as gives a client that may do what a policy says, by a session of the owner.
func as(t *testing.T, policy []byte) *minio.Client {
	t.Helper()
	endpoint := os.Getenv("DISTAFF_MINIO_ENDPOINT")
	if endpoint == "" {
		t.Fatal("DISTAFF_MINIO_ENDPOINT names no server, such as http://127.0.0.1:9000")
	}
	access, secret := os.Getenv("DISTAFF_MINIO_ACCESS_KEY"), os.Getenv("DISTAFF_MINIO_SECRET_KEY")
	who := credentials.NewStaticV4(access, secret, "")
	if policy != nil {
		var small bytes.Buffer
		text := bytes.ReplaceAll(policy, []byte(deploy.BucketName), []byte(bucketName))
		if err := json.Compact(&small, text); err != nil {
			t.Fatal(err)
		}
		var err error
		who, err = credentials.NewSTSAssumeRole(endpoint, credentials.STSAssumeRoleOptions{
			AccessKey: access, SecretKey: secret, Policy: small.String(),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: who})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// try does one thing and gives the store's word for what came of it.
func try(t *testing.T, c *minio.Client, verb deploy.Verb, key string) string {
	t.Helper()
	var err error
	switch verb {
	case deploy.Get:
		var object *minio.Object
		if object, err = c.GetObject(t.Context(), bucketName, key, minio.GetObjectOptions{}); err == nil {
			_, err = object.Stat()
		}
	case deploy.Put:
		_, err = c.PutObject(t.Context(), bucketName, key, strings.NewReader("{}"), 2, minio.PutObjectOptions{})
	case deploy.Delete:
		err = c.RemoveObject(t.Context(), bucketName, key, minio.RemoveObjectOptions{})
	case deploy.List:
		for info := range c.ListObjects(t.Context(), bucketName, minio.ListObjectsOptions{Prefix: key, Recursive: true}) {
			err = info.Err
		}
	}
	if err == nil {
		return "done"
	}
	if code := minio.ToErrorResponse(err).Code; code != "" {
		return code
	}
	return err.Error()
}

// The policies mean at a store that is not ours what the table says.
func TestMinIOHoldsServicesToTheirPolicies(t *testing.T) {
	owner := as(t, nil)
	if ok, err := owner.BucketExists(t.Context(), bucketName); err != nil {
		t.Fatal(err)
	} else if !ok {
		if err := owner.MakeBucket(t.Context(), bucketName, minio.MakeBucketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	prefixes := map[string]bool{"secret/": true}
	for _, u := range units(t) {
		for _, g := range u.Access() {
			prefixes[g.Prefix] = true
		}
	}
	for _, u := range units(t) {
		t.Run(u.Name, func(t *testing.T) {
			policy, err := u.Policy()
			if err != nil {
				t.Fatal(err)
			}
			c := as(t, policy)
			for prefix := range prefixes {
				for _, verb := range []deploy.Verb{deploy.Get, deploy.Put, deploy.Delete, deploy.List} {
					may := slices.ContainsFunc(u.Access(), func(g deploy.Grant) bool {
						return strings.HasPrefix(prefix, g.Prefix) && slices.Contains(g.Verbs, verb)
					})
					key, want := prefix+"of/"+u.Name, "AccessDenied"
					switch {
					case verb == deploy.List && !may && slices.ContainsFunc(u.Access(), func(g deploy.Grant) bool {
						return strings.HasPrefix(prefix, g.Prefix) && slices.Contains(g.Verbs, deploy.Get)
					}):
						continue // who reads is told what is there and what is not
					case verb == deploy.List:
						key = prefix
					case verb == deploy.Get:
						key += "-which-is-not-there"
					}
					if may {
						want = "done"
					}
					if may && verb == deploy.Get {
						want = "NoSuchKey"
					}
					if got := try(t, c, verb, key); got != want {
						t.Errorf("%s %s: %s, want %s", verb, key, got, want)
					}
				}
			}
		})
	}
}
