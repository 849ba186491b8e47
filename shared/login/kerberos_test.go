package login_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/login/logintest"
)

const realm = "EXAMPLE.ORG"

// kerberos is a KDC with a service HTTP/localhost and a user alice.
type kerberos struct {
	t      *testing.T
	kdc    *logintest.KDC
	keytab []byte
}

func newKerberos(t *testing.T) *kerberos {
	t.Helper()
	// Longer than the test: t.Context ends before its cleanups.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	kdc, err := logintest.StartKDC(ctx, t.TempDir(), realm)
	if errors.Is(err, logintest.ErrNoKDC) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	k := &kerberos{t: t, kdc: kdc}
	if err := kdc.User(ctx, "alice", "alice's password"); err != nil {
		t.Fatal(err)
	}
	if k.keytab, err = kdc.Keytab(ctx, "HTTP/localhost"); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kerberos) authenticator(change func(*login.Config)) *login.Authenticator {
	k.t.Helper()
	c := login.Config{Kerberos: &login.Kerberos{Keytab: func() []byte { return k.keytab }, Realms: []string{realm}}}
	if change != nil {
		change(&c)
	}
	a, err := login.New(c, login.Tools{Now: time.Now})
	if err != nil {
		k.t.Fatal(err)
	}
	return a
}

func (k *kerberos) conf() string {
	k.t.Helper()
	raw, err := os.ReadFile(k.kdc.Conf)
	if err != nil {
		k.t.Fatal(err)
	}
	return string(raw)
}

// alice is a client that has logged in.
func (k *kerberos) alice() *client.Client { return k.user("alice") }

func (k *kerberos) user(name string) *client.Client {
	k.t.Helper()
	conf, err := config.NewFromString(k.conf())
	if err != nil {
		k.t.Fatal(err)
	}
	c := client.NewWithPassword(name, realm, "alice's password", conf, client.DisablePAFXFAST(true))
	if err := c.Login(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(c.Destroy)
	return c
}

// request is one of c, with a ticket for service.
func (k *kerberos) request(c *client.Client, service string) *http.Request {
	k.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/1/composes/", nil)
	if err := spnego.SetSPNEGOHeader(c, r, service); err != nil {
		k.t.Fatal(err)
	}
	return r
}

func TestATicketNamesItsUser(t *testing.T) {
	k := newKerberos(t)
	c := k.alice()
	got, err := k.authenticator(nil).Authenticate(k.request(c, "HTTP/localhost"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "alice@"+realm || got.How != login.HowKerberos {
		t.Errorf("%+v", got)
	}
	if !strings.HasPrefix(got.Proof, "Negotiate ") {
		t.Errorf("%q", got.Proof)
	}
	stripped := k.authenticator(func(c *login.Config) { c.Kerberos.StripRealms = []string{realm} })
	if got, err = stripped.Authenticate(k.request(c, "HTTP/localhost")); err != nil || got.Name != "alice" {
		t.Errorf("%+v, %v", got, err)
	}

	t.Run("who is not in a realm that may is refused", func(t *testing.T) {
		others := k.authenticator(func(c *login.Config) { c.Kerberos.Realms = []string{"OTHER.ORG"} })
		_, err := others.Authenticate(k.request(c, "HTTP/localhost"))
		wantRefusal(t, err, 401, "Users of the realm EXAMPLE.ORG may not log in here.")
	})
	t.Run("a name that looks like another realm's is refused", func(t *testing.T) {
		if err := k.kdc.User(t.Context(), `root\@ADMINS.ORG`, "alice's password"); err != nil {
			t.Fatal(err)
		}
		_, err := stripped.Authenticate(k.request(k.user("root@ADMINS.ORG"), "HTTP/localhost"))
		wantRefusal(t, err, 401, "The name in the Kerberos ticket cannot be used.")
	})
	t.Run("a token is good once", func(t *testing.T) {
		a := k.authenticator(nil)
		r := k.request(c, "HTTP/localhost")
		var all sync.WaitGroup
		var mu sync.Mutex
		let := 0
		for range 8 {
			all.Go(func() {
				if _, err := a.Authenticate(r); err == nil {
					mu.Lock()
					defer mu.Unlock()
					let++
				}
			})
		}
		all.Wait()
		if let != 1 {
			t.Errorf("let in %d times", let)
		}
		_, err := a.Authenticate(r)
		refusal := wantRefusal(t, err, 401, "This Kerberos token was used before.")
		if diff := cmp.Diff([]string{"Negotiate"}, refusal.Challenge); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(err.Error(), r.Header.Get("Authorization")) {
			t.Error("the token is in the error")
		}
	})
	t.Run("a ticket for another service is refused", func(t *testing.T) {
		other, err := k.kdc.Keytab(t.Context(), "HTTP/other")
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.authenticator(nil).Authenticate(k.request(c, "HTTP/other"))
		wantRefusal(t, err, 401, "The Kerberos ticket is made with a key that is not known here.")
		// Also where its key is at hand.
		host, err := k.kdc.Keytab(t.Context(), "host/localhost")
		if err != nil {
			t.Fatal(err)
		}
		both := append(append([]byte{}, k.keytab...), host[2:]...)
		a := k.authenticator(func(c *login.Config) { c.Kerberos.Keytab = func() []byte { return both } })
		_, err = a.Authenticate(k.request(c, "host/localhost"))
		wantRefusal(t, err, 401, "The Kerberos ticket is for another service.")
		both = append(both, other[2:]...)
		a = k.authenticator(func(c *login.Config) { c.Kerberos.Service = "HTTP/localhost" })
		_, err = a.Authenticate(k.request(c, "HTTP/other"))
		wantRefusal(t, err, 401, "The Kerberos ticket is for another service.")
	})
	t.Run("a realm the client made up is not believed", func(t *testing.T) {
		ticket, key, err := c.GetServiceTicket("HTTP/localhost")
		if err != nil {
			t.Fatal(err)
		}
		author, err := types.NewAuthenticator("ADMINS.ORG", types.NewPrincipalName(1, "alice"))
		if err != nil {
			t.Fatal(err)
		}
		request, err := messages.NewAPReq(ticket, key, author)
		if err != nil {
			t.Fatal(err)
		}
		a := k.authenticator(func(c *login.Config) { c.Kerberos.Realms = []string{realm, "ADMINS.ORG"} })
		got, err := a.Authenticate(negotiated(t, wrap(t, request)))
		if err != nil || got.Name != "alice@"+realm {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("a clock that is off is told", func(t *testing.T) {
		ticket, key, err := c.GetServiceTicket("HTTP/localhost")
		if err != nil {
			t.Fatal(err)
		}
		author, err := types.NewAuthenticator(realm, types.NewPrincipalName(1, "alice"))
		if err != nil {
			t.Fatal(err)
		}
		author.CTime = author.CTime.Add(-6 * time.Minute)
		request, err := messages.NewAPReq(ticket, key, author)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.authenticator(nil).Authenticate(negotiated(t, wrap(t, request)))
		wantRefusal(t, err, 401, "The clock of your machine is off by more than 5m0s.")
	})
	t.Run("damage is refused", func(t *testing.T) {
		a := k.authenticator(nil)
		good := k.request(c, "HTTP/localhost").Header.Get("Authorization")
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(good, "Negotiate "))
		for i := 0; i < len(raw); i += 7 {
			bad := append([]byte{}, raw...)
			bad[i] ^= 0x55
			if got, err := a.Authenticate(negotiated(t, bad)); err == nil && got.Name != "alice@"+realm {
				t.Errorf("byte %d: %+v", i, got)
			}
			if _, err := a.Authenticate(negotiated(t, raw[:i])); err == nil {
				t.Errorf("cut at byte %d, it is taken", i)
			}
		}
	})
}

// wrap makes a token of GSS-API of an AP-REQ.
func wrap(t *testing.T, request messages.APReq) []byte {
	t.Helper()
	raw, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	oid := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00}
	body := append(oid, raw...)
	n := len(body)
	return append([]byte{0x60, 0x82, byte(n >> 8), byte(n)}, body...)
}

func negotiated(t *testing.T, token []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/1/composes/", nil)
	r.Header.Set("Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(token))
	return r
}

// serveLogin answers with the caller's name, as an api would.
func serveLogin(t *testing.T, a *login.Authenticator) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.Authenticate(r)
		var refusal *login.Refusal
		if errors.As(err, &refusal) {
			refusal.SetHeader(w.Header())
			http.Error(w, refusal.Error(), refusal.Code)
			return
		}
		if c.Proof != "" {
			w.Header().Set("WWW-Authenticate", c.Proof)
		}
		_, _ = w.Write([]byte(c.Name))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func TestCurlLogsInByKerberos(t *testing.T) {
	k := newKerberos(t)
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	kinit, err := exec.LookPath("kinit")
	if err != nil {
		t.Skip("kinit is not installed")
	}
	if out, _ := exec.CommandContext(t.Context(), curl, "--version").Output(); !strings.Contains(string(out), "SPNEGO") {
		t.Skip("this curl knows no SPNEGO")
	}
	url := serveLogin(t, k.authenticator(nil))
	login := exec.CommandContext(t.Context(), kinit, "alice")
	login.Env = k.kdc.Env()
	login.Stdin = strings.NewReader("alice's password\n")
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	call := exec.CommandContext(t.Context(), curl, "-sS", "-i", "-X", "POST", "--negotiate", "-u", ":", url+"/api/1/composes/")
	call.Env = append(k.kdc.Env(), "no_proxy=localhost")
	out, err := call.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "alice@"+realm) {
		t.Fatalf("%v: %s", err, out)
	}
	if !strings.Contains(string(out), "Www-Authenticate: Negotiate ") {
		t.Errorf("no proof: %s", out)
	}
}

// The check that MIT's library makes of our proof: a client that asks for
// mutual authentication fails without a good AP-REP.
const mutual = `
import base64, sys, urllib.request, gssapi
name = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
for mech in (gssapi.MechType.kerberos, gssapi.OID.from_int_seq("1.3.6.1.5.5.2")):
    ctx = gssapi.SecurityContext(name=name, usage="initiate", mech=mech,
        flags=gssapi.RequirementFlag.mutual_authentication)
    token = base64.b64encode(ctx.step()).decode()
    req = urllib.request.Request(sys.argv[1], method="POST", headers={"Authorization": "Negotiate " + token})
    resp = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(req)
    ctx.step(base64.b64decode(resp.headers["WWW-Authenticate"].split()[1]))
    assert ctx.complete and gssapi.RequirementFlag.mutual_authentication in ctx.actual_flags
    print(resp.read().decode())
`

func TestAClientOfMITKerberosIsSureOfUs(t *testing.T) {
	k := newKerberos(t)
	python, err := exec.LookPath("python3")
	if err != nil || exec.CommandContext(t.Context(), python, "-c", "import gssapi").Run() != nil {
		t.Skip("python3-gssapi is not installed")
	}
	url := serveLogin(t, k.authenticator(nil))
	login := exec.CommandContext(t.Context(), "kinit", "alice")
	login.Env = k.kdc.Env()
	login.Stdin = strings.NewReader("alice's password\n")
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	call := exec.CommandContext(t.Context(), python, "-c", mutual, url)
	call.Env = k.kdc.Env()
	out, err := call.CombinedOutput()
	if want := strings.Repeat("alice@"+realm+"\n", 2); err != nil || string(out) != want {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestAKeytabThatCannotServeIsRefused(t *testing.T) {
	empty, _ := keytab.New().Marshal()
	for _, keys := range [][]byte{nil, []byte("\x05"), []byte("\x05\x02\x00\x00\x00\x20secret"), []byte("secret"), empty} {
		_, err := login.New(login.Config{Kerberos: &login.Kerberos{
			Keytab: func() []byte { return keys }, Realms: []string{realm},
		}}, login.Tools{Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "kerberos: keytab:") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", keys, err)
		}
	}
}
