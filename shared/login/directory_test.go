package login_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/login/logintest"
)

const base = "ou=groups,dc=example,dc=org"

func group(name string, members ...string) logintest.Entry {
	return logintest.Entry{
		Name:       "cn=" + name + "," + base,
		Attributes: map[string][]string{"cn": {name}, "objectClass": {"posixGroup"}, "memberUid": members},
	}
}

// serveLDAP gives the address of l.
func serveLDAP(t *testing.T, l *logintest.LDAP, secure *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	done := make(chan error, 1)
	go func() { done <- l.Serve(listener) }()
	t.Cleanup(func() {
		_ = listener.Close()
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return address
}

func directory(t *testing.T, c login.Config) login.Directory {
	t.Helper()
	d, err := login.NewDirectory(c, login.Tools{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wantGroups(t *testing.T, d login.Directory, user string, want ...string) {
	t.Helper()
	got, err := d.Groups(t.Context(), user)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: %q instead of %q (%v)", user, got, want, err)
	}
}

func TestLDAPTellsGroups(t *testing.T) {
	server := &logintest.LDAP{Entries: []logintest.Entry{
		group("releng", "alice", "bob"), group("packager", "alice"), group("odd", "*", "a)(b"),
		{Name: "cn=deep,ou=more," + base, Attributes: map[string][]string{"cn": {"deep"}, "memberUid": {"alice"}}},
		{Name: "cn=sysadmin,ou=roles,dc=example,dc=org", Attributes: map[string][]string{
			"cn": {"sysadmin"}, "member": {"uid=alice,ou=people,dc=example,dc=org"},
		}},
	}}
	url := "ldap://" + serveLDAP(t, server, nil)
	d := directory(t, login.Config{LDAP: &login.LDAP{URL: url, Groups: []login.LDAPGroups{
		{Base: base},
		{Base: "dc=example,dc=org", Subtree: true, Filter: "(member=uid={user},ou=people,dc=example,dc=org)"},
	}}})
	wantGroups(t, d, "alice", "packager", "releng", "sysadmin")
	wantGroups(t, d, "bob", "releng")
	wantGroups(t, d, "nobody")

	t.Run("and are remembered", func(t *testing.T) {
		asked := len(server.Filters())
		wantGroups(t, d, "alice", "packager", "releng", "sysadmin")
		if n := len(server.Filters()); n != asked {
			t.Errorf("asked %d times more", n-asked)
		}
	})
	t.Run("whatever the name holds", func(t *testing.T) {
		wantGroups(t, d, "*", "odd")
		wantGroups(t, d, "a)(b", "odd")
		for _, user := range []string{"x)(objectClass=*", "x*", `\2a`, "alice)(|(cn=*)", "{user}", "Jiří\x00"} {
			wantGroups(t, d, user)
		}
		for _, filter := range server.Filters() {
			if strings.Contains(filter, "objectClass") && !strings.Contains(filter, `\28objectClass=\2a`) {
				t.Error("a filter was changed:", filter)
			}
		}
	})
	t.Run("from one level unless the subtree is asked for", func(t *testing.T) {
		d := directory(t, login.Config{LDAP: &login.LDAP{URL: url, Groups: []login.LDAPGroups{{Base: base, Subtree: true}}}})
		wantGroups(t, d, "alice", "deep", "packager", "releng")
	})
}

func TestLDAPIsAskedOverTLS(t *testing.T) {
	ca := newAuthority(t, time.Now())
	key, cert := ca.make(&x509.Certificate{Subject: pkix.Name{CommonName: "ldap"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	secure := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	entries := []logintest.Entry{group("releng", "alice")}
	users := map[string]string{"cn=distaff": "s3cr3t"}
	config := func(url string, startTLS bool, ca []byte) login.Config {
		return login.Config{LDAP: &login.LDAP{
			URL: url, StartTLS: startTLS, CA: ca, BindDN: "cn=distaff", Password: func() []byte { return []byte("s3cr3t\n") },
			Groups: []login.LDAPGroups{{Base: base}},
		}}
	}
	ldaps := "ldaps://" + serveLDAP(t, &logintest.LDAP{Entries: entries, Users: users, Closed: true}, secure)
	start := "ldap://" + serveLDAP(t, &logintest.LDAP{Entries: entries, Users: users, Closed: true, TLS: secure}, nil)
	refusing := "ldap://" + serveLDAP(t, &logintest.LDAP{Entries: entries, Users: users}, nil)
	wantGroups(t, directory(t, config(ldaps, false, toPEM(ca.cert))), "alice", "releng")
	wantGroups(t, directory(t, config(start, true, toPEM(ca.cert))), "alice", "releng")
	other := toPEM(newAuthority(t, time.Now()).cert)
	for name, c := range map[string]login.Config{
		"of an unknown authority":                config(ldaps, false, other),
		"of an unknown authority, after a start": config(start, true, other),
		"that refuses TLS":                       config(refusing, true, toPEM(ca.cert)),
	} {
		groups, err := directory(t, c).Groups(t.Context(), "alice")
		if err == nil || len(groups) > 0 || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v, %v", name, groups, err)
		}
	}
	wrong := config(ldaps, false, toPEM(ca.cert))
	wrong.LDAP.Password = func() []byte { return []byte("another") }
	if _, err := directory(t, wrong).Groups(t.Context(), "alice"); err == nil || strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
}

func TestASilentLDAPIsNotWaitedForLongerThanTheCaller(t *testing.T) {
	url := "ldap://" + serveLDAP(t, &logintest.LDAP{Silent: true}, nil)
	d := directory(t, login.Config{LDAP: &login.LDAP{URL: url, Groups: []login.LDAPGroups{{Base: base}}}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Groups(ctx, "alice"); err == nil {
		t.Error("no error")
	}
}

func TestTooManyGroupsAreAnError(t *testing.T) {
	server := &logintest.LDAP{}
	for i := range 2001 {
		server.Entries = append(server.Entries, group(fmt.Sprint("g", i), "alice"))
	}
	url := "ldap://" + serveLDAP(t, server, nil)
	d := directory(t, login.Config{LDAP: &login.LDAP{URL: url, Groups: []login.LDAPGroups{{Base: base}}}})
	if groups, err := d.Groups(t.Context(), "alice"); err == nil {
		t.Errorf("%d groups", len(groups))
	}
}

func TestFASTellsGroups(t *testing.T) {
	many := make([]string, 45)
	for i := range many {
		many[i] = fmt.Sprintf("g%02d", i)
	}
	fas := &logintest.FAS{
		Groups:   map[string][]string{"alice": {"releng", "packager"}, "many": many, "none": {}},
		PageMost: 20,
		Allow:    func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer t0ken" },
	}
	server := httptest.NewServer(fas)
	defer server.Close()
	d := directory(t, login.Config{FAS: &login.FAS{URL: server.URL + "/", Token: func() []byte { return []byte("t0ken\n") }}})
	wantGroups(t, d, "alice", "packager", "releng")
	wantGroups(t, d, "many", many...)
	wantGroups(t, d, "none")
	wantGroups(t, d, "unknown")
	wantGroups(t, d, "../users/alice")
	wantGroups(t, d, "alice/groups/?x=")
	wrong := directory(t, login.Config{FAS: &login.FAS{URL: server.URL, Token: func() []byte { return []byte("wr0ng") }}})
	if _, err := wrong.Groups(t.Context(), "alice"); err == nil || strings.Contains(err.Error(), "wr0ng") {
		t.Error(err)
	}
}

func TestGroupsOfAUserWithATicket(t *testing.T) {
	k := newKerberos(t)
	keys, err := k.kdc.Keytab(t.Context(), "distaff/ci")
	if err != nil {
		t.Fatal(err)
	}
	// FASJSON takes tickets as we do.
	doorman := k.authenticator(func(c *login.Config) { c.ClosedReads = true })
	server := httptest.NewServer(&logintest.FAS{
		Groups: map[string][]string{"alice": {"releng"}},
		Allow: func(r *http.Request) bool {
			c, err := doorman.Authenticate(r)
			return err == nil && c.Name == "distaff/ci@"+realm
		},
	})
	defer server.Close()
	ldap := &logintest.LDAP{Entries: []logintest.Entry{group("packager", "alice")}}
	ldapURL := "ldap://" + serveLDAP(t, ldap, nil)
	fasURL, _ := url.Parse(server.URL)
	config := func(c *login.Config) {
		c.Kerberos.StripRealms = []string{realm}
		c.FAS = &login.FAS{
			URL: "http://localhost:" + fasURL.Port(), Principal: "distaff/ci", Realm: realm,
			Keytab: func() []byte { return keys }, KRB5Conf: k.conf(),
		}
		c.LDAP = &login.LDAP{URL: ldapURL, Groups: []login.LDAPGroups{{Base: base}}}
	}
	alice := k.alice()
	got, err := k.authenticator(config).Authenticate(k.request(alice, "HTTP/localhost"))
	if err != nil || got.GroupsErr != nil {
		t.Fatal(err, got.GroupsErr)
	}
	if diff := cmp.Diff([]string{"packager", "releng"}, got.Groups); diff != "" {
		t.Error(diff)
	}
	t.Run("is not given to another of that name", func(t *testing.T) {
		a := k.authenticator(func(c *login.Config) {
			config(c)
			c.Kerberos.StripRealms, c.Kerberos.Realms = nil, []string{"OTHER.ORG", realm}
		})
		got, err := a.Authenticate(k.request(alice, "HTTP/localhost"))
		if err != nil || got.Name != "alice@"+realm || got.Groups != nil || got.GroupsErr != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("is let in without those that cannot be read", func(t *testing.T) {
		server.Close()
		got, err := k.authenticator(config).Authenticate(k.request(alice, "HTTP/localhost"))
		if err != nil || got.GroupsErr == nil || !slices.Equal(got.Groups, []string{"packager"}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestAStoreForUsedTicketsIsShared(t *testing.T) {
	k := newKerberos(t)
	c := login.Config{Kerberos: &login.Kerberos{Keytab: func() []byte { return k.keytab }, Realms: []string{realm}}}
	shared := &ledger{used: map[string]bool{}}
	r := k.request(k.alice(), "HTTP/localhost")
	for i, want := range []string{"", "This Kerberos token was used before."} {
		a, err := login.New(c, login.Tools{Now: time.Now, Seen: shared})
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Authenticate(r)
		if i == 0 && err != nil || i == 1 && refused(t, err).Message != want {
			t.Errorf("instance %d: %v", i, err)
		}
	}
	shared.away = true
	a, err := login.New(c, login.Tools{Now: time.Now, Seen: shared})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Authenticate(k.request(k.alice(), "HTTP/localhost"))
	wantRefusal(t, err, 503, "The store that knows used tickets cannot be asked who you are.")
}

type ledger struct {
	used map[string]bool
	away bool
}

func (l *ledger) First(_ context.Context, key string, _ time.Time) (bool, error) {
	if l.away {
		return false, errors.New("bucket is away")
	}
	first := !l.used[key]
	l.used[key] = true
	return first, nil
}
