package composeapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/login/logintest"
	"github.com/distaff-project/distaff/shared/permit"
)

// Tokens are those of a real issuer, checked as in production.
func TestTokensOfAnIssuer(t *testing.T) {
	issuer := logintest.NewIssuer(time.Now)
	front := httptest.NewServer(issuer)
	defer front.Close()
	issuer.SetURL(front.URL)
	doorman, err := login.New(login.Config{OIDC: &login.OIDC{Issuer: front.URL, Audience: []string{"odcs"}}}, login.Tools{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, doorman, composeapi.Options{AuthBackend: "openidc", Policy: permit.Policy{
		Admins: permit.Admins{Groups: []string{"releng"}}, Clients: permit.Clients{Groups: map[string]permit.Allowed{"packager": {}}},
	}})
	token := func(user, group string, actions ...string) string {
		scopes := []string{"openid"}
		for _, action := range actions {
			scopes = append(scopes, "https://pagure.io/odcs/"+action)
		}
		return "Bearer " + issuer.Token(map[string]any{"sub": user, "aud": "odcs", "groups": []string{group}, "scope": strings.Join(scopes, " ")})
	}
	for _, tt := range []struct {
		name, method, path, token string
		code                      int
		says                      string
	}{
		{"no token", "POST", composes, "", 401, "Missing token passed to ODCS."},
		{"a forged one", "POST", composes, token("alice", "packager", "new-compose") + "x", 401, ""},
		{"one that is for something else", "POST", composes, token("alice", "packager", "renew-compose"), 403, "Request does not have required scope new-compose"},
		{"of somebody else", "POST", composes, token("mallory", "nobody", "new-compose"), 403, "User mallory is not in role allowed_clients."},
		{"a good one", "POST", composes, token("alice", "packager", "new-compose"), 200, `"owner":"alice"`},
		{"reading is open, also with a token that ran out", "GET", composes + "1", "Bearer x", 200, `"id":1,`},
		{"who may do what is told to who says who he is", "GET", "/api/1/about", token("alice", "packager"), 200, `"groups":{"packager":{}}`},
		{"another's compose", "DELETE", composes + "1", token("bob", "packager", "delete-compose"), 403, "owned by someone else"},
		{"an admin's word", "DELETE", composes + "1", token("carol", "releng", "delete-compose"), 202, "has been canceled"},
		{"made again by another", "PATCH", composes + "1", token("bob", "packager", "renew-compose"), 200, `"owner":"bob"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.ask(tt.method, tt.path, f26, "Authorization", tt.token)
			if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (w.Code == http.StatusUnauthorized) != strings.HasPrefix(challenge, "Bearer") && w.Code != http.StatusForbidden {
				t.Errorf("%d with the challenge %q", w.Code, challenge)
			}
		})
	}
}
