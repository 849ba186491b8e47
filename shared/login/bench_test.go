package login_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/login/logintest"
)

func BenchmarkToken(b *testing.B) {
	issuer := logintest.NewIssuer(time.Now)
	server := httptest.NewServer(issuer)
	defer server.Close()
	issuer.SetURL(server.URL)
	a, err := login.New(login.Config{OIDC: &login.OIDC{Issuer: server.URL, Audience: []string{api}}}, login.Tools{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	r := post(issuer.Token(alice()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
