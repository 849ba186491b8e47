package store

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
)

// call is one request on its way through the server.
type call struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	signed *signature // nil: nobody signed it
	query  url.Values
	bucket *Bucket // nil until it is known to exist
	name   string  // of the bucket
	key    string
}

// pagePolicy lets a stored page show text, its own styles and images, and
// nothing run: what is in a bucket may come from a build log. It has no
// "sandbox", which would stop a page from reloading itself.
const pagePolicy = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP answers one S3 request, path style.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Amz-Request-Id", rand.Text())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")

	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := &call{server: s, w: w, r: r, query: r.URL.Query(), name: name, key: key}
	do, err := c.admit()
	if err != nil {
		refuse(w, r, err)
		return
	}
	s.sufferHTTP(w, r, c.request(), func(w http.ResponseWriter, r *http.Request) {
		c.w = w
		if err := do(c); err != nil {
			refuse(w, r, err)
		}
	})
}

// admit decides whether the request may happen, and what it is.
func (c *call) admit() (func(*call) error, error) {
	var err error
	if c.signed, err = c.server.authenticate(c.r, c.query); err != nil {
		return nil, err
	}
	if c.signed == nil && !c.public() {
		return nil, failure{http.StatusForbidden, "AccessDenied", "the request is not signed"}
	}
	if c.key != "" {
		if err := blob.CheckKey(c.key); err != nil {
			return nil, failure{http.StatusBadRequest, "InvalidArgument", err.Error()}
		}
	}
	do := c.operation()
	if do == nil {
		return nil, failure{http.StatusNotImplemented, "NotImplemented", "this store does not know the request"}
	}
	for h := range c.r.Header {
		if unknownHeader(h) {
			return nil, failure{http.StatusNotImplemented, "NotImplemented", "this store does not know the header " + h}
		}
	}
	if c.name == "" || c.making() {
		return do, nil
	}
	b, ok := c.server.find(c.name)
	if !ok {
		return nil, failure{http.StatusNotFound, "NoSuchBucket", "the bucket does not exist"}
	}
	c.bucket = b
	return do, nil
}

// public tells whether anybody may make this request.
func (c *call) public() bool {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead || c.key == "" || len(c.query) > 0 {
		return false
	}
	return slices.ContainsFunc(c.server.opts.Public, func(p string) bool {
		return strings.HasPrefix(c.name+"/"+c.key, p)
	})
}

func (c *call) making() bool {
	return c.r.Method == http.MethodPut && c.key == "" && c.resource() == ""
}

// request is how a fault sees the call.
func (c *call) request() Request {
	if c.query.Has("list-type") {
		return Request{Verb: "LIST", Bucket: c.name, Key: c.query.Get("prefix")}
	}
	return Request{Verb: c.r.Method, Bucket: c.name, Key: c.key}
}

// operation finds what the method and the query ask for; nil if that is not
// served.
func (c *call) operation() func(*call) error {
	level := "object"
	switch {
	case c.name == "":
		level = "service"
	case c.key == "":
		level = "bucket"
	}
	switch strings.TrimSpace(c.r.Method + " " + level + " " + c.resource()) {
	case "GET object", "HEAD object":
		return (*call).getObject
	case "PUT object":
		return (*call).putObject
	case "DELETE object":
		return (*call).deleteObject
	case "POST object uploads":
		return (*call).createUpload
	case "PUT object partNumber,uploadId":
		return (*call).putPart
	case "POST object uploadId":
		return (*call).completeUpload
	case "DELETE object uploadId":
		return (*call).abortUpload
	case "GET bucket list-type":
		return (*call).listObjects
	case "POST bucket delete":
		return (*call).deleteObjects
	case "PUT bucket":
		return (*call).createBucket
	case "HEAD bucket":
		return (*call).headBucket
	case "GET bucket location":
		return (*call).location
	case "GET bucket lifecycle":
		return (*call).getLifecycle
	case "PUT bucket lifecycle":
		return (*call).putLifecycle
	case "DELETE bucket lifecycle":
		return (*call).deleteLifecycle
	case "GET service":
		return (*call).listBuckets
	}
	return nil
}

// resource is the query's names that say what is asked for, without those that
// only refine or sign it. A name that is not known stays, so that no operation
// is found: "PUT ?acl" must not overwrite the object.
func (c *call) resource() string {
	var names []string
	for n := range c.query {
		lower := strings.ToLower(n)
		switch {
		case strings.HasPrefix(lower, "x-amz-"), n == "x-id", strings.HasPrefix(n, "response-"):
		case c.query.Has("lifecycle") && n == "withUpdatedAt": // minio-go adds it
		case c.query.Has("list-type") && slices.Contains([]string{
			"prefix", "delimiter", "max-keys", "start-after",
			"continuation-token", "encoding-type", "fetch-owner",
		}, n):
		default:
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// unknownHeader tells a header that asks for something this store would
// otherwise drop without a word.
func unknownHeader(h string) bool {
	h = strings.ToLower(h)
	for _, p := range []string{
		"x-amz-meta-", "x-amz-copy-", "x-amz-server-side-", "x-amz-object-lock-",
		"x-amz-tagging", "x-amz-acl", "x-amz-grant-", "x-amz-website-", "x-amz-write-offset-",
	} {
		if strings.HasPrefix(h, p) {
			return true
		}
	}
	return false
}
