package login_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/distaff-project/distaff/shared/login"
)

// An api asks who is calling before it looks at anything else.
func Example() {
	doorman, err := login.New(login.Config{OIDC: &login.OIDC{
		Issuer: "https://id.fedoraproject.org/openidc/", AnyAudience: true, UserInfo: true,
		RequiredScopes: []string{"openid", "https://id.fedoraproject.org/scope/groups"},
		Introspection: &login.Introspection{
			ClientID: "odcs", ClientSecret: func() []byte { return []byte("of the mounted file") }, PostSecret: true,
		},
	}}, login.Tools{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	api := func(w http.ResponseWriter, r *http.Request) {
		caller, err := doorman.Authenticate(r)
		if err == nil {
			err = doorman.RequireScope(caller, "new-compose")
		}
		var refusal *login.Refusal
		if errors.As(err, &refusal) {
			refusal.SetHeader(w.Header())
			http.Error(w, refusal.Message, refusal.Code)
			return
		}
		if caller.Proof != "" {
			w.Header().Set("WWW-Authenticate", caller.Proof)
		}
	}
	answer := httptest.NewRecorder()
	api(answer, httptest.NewRequest(http.MethodPost, "/api/1/composes/", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	fmt.Print(answer.Body)
	// Output:
	// 401 Bearer
	// Missing token passed to ODCS.
}
