package distaff

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/shared/state"
)

// authenticator tells who calls the API of composes.
func (k *connector) authenticator() *login.Authenticator {
	c := k.config.Composes
	if c == nil || c.Login == nil || !k.only(atComposeAPI) {
		return nil
	}
	memory := loginMemory{k.bucket}
	auth, err := login.New(k.login(c.Login), login.Tools{Now: k.bucket.Now, Cache: memory, Seen: memory})
	if err != nil {
		if k.secrets.Err() == nil { // else it is for want of what is reported already
			k.problem("composes.login", err)
		}
		return nil
	}
	return auth
}

func (k *connector) login(l *config.Login) login.Config {
	out := login.Config{Anyone: l.Anyone, ClosedReads: l.ClosedReads}
	if o := l.OIDC; o != nil {
		out.OIDC = &login.OIDC{
			Issuer: o.Issuer, Audience: o.Audience, AnyAudience: o.AnyAudience, Algorithms: o.Algorithms, Skew: o.Skew,
			UserClaim: o.UserClaim, GroupsClaim: o.GroupsClaim, UserInfo: o.UserInfo,
			ScopePrefix: o.ScopePrefix, RequiredScopes: o.RequiredScopes, KeysAge: o.KeysAge,
		}
		if i := o.Introspection; i != nil {
			out.OIDC.Introspection = &login.Introspection{
				URL: i.URL, ClientID: i.ClientID, ClientSecret: k.reveal(i.Secret),
				PostSecret: i.PostSecret, Always: i.Always, Remember: i.Remember,
			}
		}
	}
	if c := l.Certificate; c != nil {
		out.Certificate = &login.Certificate{
			Form: c.Form, SecretHeader: c.SecretHeader, IngressSecret: k.reveal(c.IngressSecret),
			VerifyHeader: c.VerifyHeader, SubjectHeader: c.SubjectHeader,
			CA: k.secrets.Of(c.CA).Bytes(), SlashSubject: c.SlashSubject,
		}
	}
	if s := l.Kerberos; s != nil {
		out.Kerberos = &login.Kerberos{
			Keytab: k.reveal(s.Keytab), Service: s.Service, Realms: s.Realms, StripRealms: s.StripRealms, Skew: s.Skew,
		}
	}
	if d := l.LDAP; d != nil {
		out.LDAP = &login.LDAP{
			URL: d.URL, StartTLS: d.StartTLS, CA: k.secrets.Of(d.CA).Bytes(),
			BindDN: d.BindDN, Password: k.reveal(d.Password), Remember: d.Remember,
		}
		for _, g := range d.Groups {
			out.LDAP.Groups = append(out.LDAP.Groups, login.LDAPGroups{Base: g.Base, Filter: g.Filter, Subtree: g.Subtree})
		}
	}
	if f := l.FAS; f != nil {
		name, realm, _ := strings.Cut(f.Principal, "@")
		out.FAS = &login.FAS{
			URL: f.URL, Principal: name, Realm: realm, Keytab: k.reveal(f.Keytab), Token: k.reveal(f.Token), Remember: f.Remember,
		}
		if !f.Keytab.IsZero() {
			out.FAS.KRB5Conf = k.secrets.Of(f.Krb5Conf).Text()
		}
	}
	return out
}

// reveal hands a secret on; nil where the configuration names none.
func (k *connector) reveal(from config.Source) login.Reveal {
	if from.IsZero() {
		return nil
	}
	secret := k.secrets.Of(from)
	return func() []byte { return secret.Bytes() }
}

// policy is who may ask for what composes.
func policy(c *config.Composes) permit.Policy {
	p := permit.Policy{
		Open:   c.Login != nil && c.Login.Anyone,
		Admins: permit.Admins{Users: c.Admins.Users, Groups: c.Admins.Groups},
		Clients: permit.Clients{
			Users: map[string]permit.Allowed{}, Groups: map[string]permit.Allowed{},
		},
		Default: allowed(c.Default), SecondsToLive: seconds(c.Lifetime),
	}
	if p.Default.MaxSecondsToLive == 0 {
		p.Default.MaxSecondsToLive = seconds(c.LifetimeMost)
	}
	for name, a := range c.Users {
		p.Clients.Users[string(name)] = allowed(a)
	}
	for name, a := range c.Groups {
		p.Clients.Groups[string(name)] = allowed(a)
	}
	return p
}

func allowed(a config.Allowed) permit.Allowed {
	return permit.Allowed{
		SourceTypes: a.SourceTypes, Sources: a.Sources, Results: a.Results, Flags: a.Flags, Arches: a.Arches,
		ComposeTypes: a.ComposeTypes, TargetDirs: a.TargetDirs, RawConfigKeys: a.RawConfigs,
		MaxSecondsToLive: seconds(a.LifetimeMost),
		Quota:            permit.Quota{Live: int(a.Live), PerHour: int(a.PerHour), Generating: int(a.Generating)},
	}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// loginMemory keeps in the bucket what instances of the API know of logins: the
// issuer's keys, and the tickets that were shown.
type loginMemory struct{ bucket state.Bucket }

func (m loginMemory) Get(ctx context.Context, name string) ([]byte, error) {
	object, err := m.bucket.Get(ctx, loginKey("cache", name))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recall %s: %w", name, err)
	}
	return object.Body, nil
}

func (m loginMemory) Put(ctx context.Context, name string, body []byte) error {
	if _, err := m.bucket.Put(ctx, loginKey("cache", name), body, blob.Any); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}

// First is true for one of any number who show the same: the one whose object
// is made. What was shown is forgotten by the bucket's own rules.
func (m loginMemory) First(ctx context.Context, key string, until time.Time) (bool, error) {
	body := []byte(until.UTC().Format(time.RFC3339) + " " + m.bucket.Nonce())
	at := loginKey("seen", key)
	_, err := m.bucket.Put(ctx, at, body, blob.Absent)
	if !errors.Is(err, blob.ErrConflict) {
		return err == nil, err
	}
	// A conflict may be our own write whose answer was lost.
	object, err := m.bucket.Get(ctx, at)
	return err == nil && string(object.Body) == string(body), err
}

func loginKey(what, name string) string { return "login/" + what + "/" + blob.Segment(name) }
