package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// installation is the only one there is.
const installation = 42

// who tells who makes a call: a user, the App's installation, or nobody. ok is
// false for a credential that is not good.
func (s *Server) who(r *http.Request) (user string, app, ok bool) {
	token := bearer(r)
	if token == "" {
		if _, password, basic := r.BasicAuth(); basic {
			token = password
		}
	}
	if token == "" {
		return "", false, true
	}
	if user, known := s.config.Tokens[token]; known {
		return user, false, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ends, known := s.tokens[token]
	return s.config.Slug + "[bot]", true, known && s.config.Now().Before(ends)
}

func bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind == "Bearer" || kind == "token" {
		return token
	}
	return ""
}

// findInstallation and buyToken are the two calls made with a JWT of the App.
func (s *Server) findInstallation(w http.ResponseWriter, r *http.Request) {
	if reason := s.checkJWT(bearer(r)); reason != "" {
		refuse(w, http.StatusUnauthorized, reason)
		return
	}
	if !s.repos.Exists(repoOf(r)) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	answer(w, http.StatusOK, object{"id": installation, "app_id": s.config.App, "account": object{"login": r.PathValue("owner")}})
}

func (s *Server) buyToken(w http.ResponseWriter, r *http.Request) {
	if reason := s.checkJWT(bearer(r)); reason != "" {
		refuse(w, http.StatusUnauthorized, reason)
		return
	}
	if r.PathValue("id") != strconv.Itoa(installation) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	var random [20]byte
	_, _ = rand.Read(random[:])
	token, ends := "ghs_"+hex.EncodeToString(random[:]), s.now().Add(time.Hour)
	s.mu.Lock()
	s.tokens[token] = ends
	s.bought++
	s.mu.Unlock()
	answer(w, http.StatusCreated, object{"token": token, "expires_at": ends, "permissions": object{"checks": "write"}})
}

// DropTokens makes all installation tokens worthless, as when the App is
// installed anew.
func (s *Server) DropTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// checkJWT tells what is wrong with an App's JWT, in GitHub's words.
func (s *Server) checkJWT(token string) string {
	const undecodable = "A JSON web token could not be decoded"
	parts := strings.Split(token, ".")
	if len(parts) != 3 || s.config.Key == nil {
		return undecodable
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(s.config.Key, crypto.SHA256, sum[:], signature) != nil {
		return undecodable
	}
	var claims struct {
		Issued  int64  `json:"iat"`
		Expires int64  `json:"exp"`
		Issuer  string `json:"iss"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return undecodable
	}
	now := s.config.Now().Unix()
	switch {
	case claims.Issuer != strconv.FormatInt(s.config.App, 10):
		return "'Issuer' claim ('iss') must be the App's id"
	case claims.Issued > now:
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	case claims.Expires <= now || claims.Expires > now+600:
		return "'Expiration time' claim ('exp') is too far in the future"
	}
	return ""
}
