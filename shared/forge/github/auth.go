package github

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-github/v62/github"
)

// Credential is how we log in: as a GitHub App (App and Key), which may make
// check runs, or with a personal access token, which may only make commit
// statuses. Empty reads what is public.
type Credential struct {
	// App is the App's id; Key its private RSA key, in PEM.
	App int64
	Key []byte
	// Token is a personal access token.
	Token string
}

// app logs in as a GitHub App: a JWT signed with its key buys a token for one
// installation, which is good for an hour.
type app struct {
	id  int64
	key *rsa.PrivateKey
	now func() time.Time

	mu     sync.Mutex
	tokens map[string]token // by owner: an App is installed once for each
}

type token struct {
	text string
	ends time.Time
}

func newApp(id int64, key []byte, now func() time.Time) (*app, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("the key of the GitHub App is not PEM")
	}
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		any, err8 := x509.ParsePKCS8PrivateKey(block.Bytes)
		pkcs8, ok := any.(*rsa.PrivateKey)
		if err8 != nil || !ok {
			return nil, errors.New("the key of the GitHub App is not an RSA key")
		}
		private = pkcs8
	}
	return &app{id: id, key: private, now: now, tokens: map[string]token{}}, nil
}

// jwt is good for nine minutes; GitHub takes ten, and its clock may be behind.
func (a *app) jwt() (string, error) {
	now := a.now()
	claims, err := json.Marshal(map[string]any{
		"iat": now.Add(-time.Minute).Unix(),
		"exp": now.Add(8 * time.Minute).Unix(),
		"iss": strconv.FormatInt(a.id, 10),
	})
	if err != nil {
		return "", err
	}
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign as GitHub App %d: %w", a.id, err)
	}
	return text + "." + encode(signature), nil
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// token gives the token for the repositories of owner. One is bought at a time:
// callers that wait find it here.
func (a *app) token(ctx context.Context, api *github.Client, owner, repo string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if have, ok := a.tokens[owner]; ok && a.now().Before(have.ends.Add(-5*time.Minute)) {
		return have.text, nil
	}
	jwt, err := a.jwt()
	if err != nil {
		return "", err
	}
	api = api.WithAuthToken(jwt)
	installation, _, err := api.Apps.FindRepositoryInstallation(ctx, owner, repo)
	if err != nil {
		return "", fmt.Errorf("find the App's installation for %s/%s: %w", owner, repo, err)
	}
	bought, _, err := api.Apps.CreateInstallationToken(ctx, installation.GetID(), nil)
	if err != nil {
		return "", fmt.Errorf("get a token for %s: %w", owner, err)
	}
	a.tokens[owner] = token{text: bought.GetToken(), ends: bought.GetExpiresAt().Time}
	return bought.GetToken(), nil
}

// forget drops a token that was refused: the App may have been installed anew.
func (a *app) forget(owner string, err error) {
	var refusal *github.ErrorResponse
	if errors.As(err, &refusal) && refusal.Response != nil && refusal.Response.StatusCode == http.StatusUnauthorized {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.tokens, owner)
	}
}
