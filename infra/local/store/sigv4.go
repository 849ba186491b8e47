package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3
// API reference.
const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	maxSkew    = 15 * time.Minute
	maxExpiry  = 7 * 24 * time.Hour
)

// signature is what a request claims about who signed it; once verified, it
// also signs the chunks of a body.
type signature struct {
	accessKey string
	date      string // of the scope: YYYYMMDD
	region    string
	time      string // in timeFormat
	headers   []string
	signature string
	payload   string // x-amz-content-sha256
	presigned bool

	key []byte // the signing key, once verified
}

func (s *signature) scope() string { return s.date + "/" + s.region + "/s3/aws4_request" }

// authenticate verifies a request's signature. It gives nil for a request that
// has none.
func (s *Server) authenticate(r *http.Request, query url.Values) (*signature, error) {
	var sig *signature
	var err error
	switch {
	case query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature"):
		sig, err = s.presigned(r, query)
	case r.Header.Get("Authorization") != "":
		sig, err = s.authorized(r)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	who := s.opts.Credentials
	if who.AccessKey == "" || sig.accessKey != who.AccessKey {
		return nil, failure{http.StatusForbidden, "InvalidAccessKeyId", "the access key is not known"}
	}
	if sig.region != s.opts.Region {
		return nil, failure{http.StatusBadRequest, "AuthorizationHeaderMalformed", "the region is wrong; expecting " + s.opts.Region}
	}
	if err := sig.covers(r); err != nil {
		return nil, err
	}
	sig.key = signingKey(who.SecretKey, sig.date, sig.region)
	hash := sha256.Sum256([]byte(canonicalRequest(r, query, sig)))
	want := sig.sign(algorithm, sig.time, sig.scope(), hex.EncodeToString(hash[:]))
	if !hmac.Equal([]byte(want), []byte(sig.signature)) {
		return nil, failure{http.StatusForbidden, "SignatureDoesNotMatch", "the signature is not what the secret key gives"}
	}
	return sig, nil
}

// authorized reads the Authorization header.
func (s *Server) authorized(r *http.Request) (*signature, error) {
	malformed := failure{http.StatusBadRequest, "AuthorizationHeaderMalformed", "the authorization header is not SigV4"}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return nil, malformed
	}
	fields := map[string]string{}
	for f := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[k] = v
	}
	sig := &signature{
		time: r.Header.Get("X-Amz-Date"), payload: r.Header.Get("X-Amz-Content-Sha256"),
		headers: strings.Split(fields["SignedHeaders"], ";"), signature: fields["Signature"],
	}
	if !sig.credential(fields["Credential"]) || sig.payload == "" {
		return nil, malformed
	}
	at, err := time.Parse(timeFormat, sig.time)
	if err != nil || !strings.HasPrefix(sig.time, sig.date) {
		return nil, malformed
	}
	if s.opts.Now().Sub(at).Abs() > maxSkew {
		return nil, failure{http.StatusForbidden, "RequestTimeTooSkewed", "the request's time is too far from the server's"}
	}
	return sig, nil
}

// presigned reads a signature from the query.
func (s *Server) presigned(r *http.Request, query url.Values) (*signature, error) {
	malformed := failure{http.StatusBadRequest, "AuthorizationQueryParametersError", "the signed address is not SigV4"}
	sig := &signature{
		time: query.Get("X-Amz-Date"), payload: "UNSIGNED-PAYLOAD",
		headers: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"), signature: query.Get("X-Amz-Signature"),
		presigned: true,
	}
	if h := r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		sig.payload = h
	}
	at, err := time.Parse(timeFormat, sig.time)
	seconds, secondsErr := strconv.Atoi(query.Get("X-Amz-Expires"))
	valid := time.Duration(seconds) * time.Second
	if err != nil || secondsErr != nil || seconds < 1 || seconds > int(maxExpiry/time.Second) ||
		query.Get("X-Amz-Algorithm") != algorithm ||
		!sig.credential(query.Get("X-Amz-Credential")) || !strings.HasPrefix(sig.time, sig.date) {
		return nil, malformed
	}
	if age := s.opts.Now().Sub(at); age > valid || age < -maxSkew {
		return nil, failure{http.StatusForbidden, "AccessDenied", "the signed address has expired"}
	}
	return sig, nil
}

// credential reads access key, date and region from a scope.
func (s *signature) credential(text string) bool {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[3] != "s3" || parts[4] != "aws4_request" || len(parts[1]) != 8 {
		return false
	}
	s.accessKey, s.date, s.region = parts[0], parts[1], parts[2]
	return true
}

// covers checks that what decides the request is signed: the host, and every
// x-amz- header.
func (s *signature) covers(r *http.Request) error {
	if !slices.Contains(s.headers, "host") {
		return failure{http.StatusForbidden, "AccessDenied", "the host is not signed"}
	}
	for h := range r.Header {
		h = strings.ToLower(h)
		if strings.HasPrefix(h, "x-amz-") && !slices.Contains(s.headers, h) {
			return failure{http.StatusForbidden, "AccessDenied", "the header " + h + " is not signed"}
		}
	}
	return nil
}

// sign signs lines.
func (s *signature) sign(lines ...string) string {
	return hex.EncodeToString(hmacSHA256(s.key, strings.Join(lines, "\n")))
}

func canonicalRequest(r *http.Request, query url.Values, s *signature) string {
	var params []string
	for name, values := range query {
		if s.presigned && name == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			params = append(params, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(params)
	var headers strings.Builder
	for _, h := range s.headers {
		headers.WriteString(h + ":" + canonicalHeader(r, h) + "\n")
	}
	return strings.Join([]string{
		r.Method, escape(r.URL.Path, true), strings.Join(params, "&"),
		headers.String(), strings.Join(s.headers, ";"), s.payload,
	}, "\n")
}

// canonicalHeader gives a header as it was signed. Two that Go keeps elsewhere
// are looked up there.
func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// escape is SigV4's UriEncode.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~', path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

func signingKey(secret, date, region string) []byte {
	key := hmacSHA256([]byte("AWS4"+secret), date)
	for _, part := range []string{region, "s3", "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
