package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// ticketMost bounds a Negotiate token in base64. Tickets with the groups of an
// Active Directory have been seen with 48 KiB.
const ticketMost = 64 << 10

// negotiation recognises callers by Kerberos tickets (RFC 4559).
//
// gokrb5 reads and decrypts; its HTTP handler is not used. That one takes the
// user's realm from the authenticator, which the client writes as it likes,
// sends no AP-REP, so that a client that wants to be sure of us gives up, and
// lets two replays at the same time both through.
type negotiation struct {
	config Kerberos
	keys   *keytab.Keytab
	now    func() time.Time
	seen   Seen
	groups Directory // nil: no groups
}

func newNegotiation(c Kerberos, groups Directory, tools Tools) (*negotiation, error) {
	var problems []error
	keys := keytab.New()
	switch raw := reveal(c.Keytab); {
	case len(raw) == 0:
		problems = append(problems, errors.New("kerberos: keytab: is empty"))
	case unmarshalKeytab(keys, raw) != nil || len(keys.Entries) == 0:
		problems = append(problems, errors.New("kerberos: keytab: is damaged"))
	case !serves(keys, c.Service):
		problems = append(problems, fmt.Errorf("kerberos: keytab: has no key of %s", orAnyHTTP(c.Service)))
	}
	if len(c.Realms) == 0 {
		problems = append(problems, errors.New("kerberos: realms: name the realms whose users may log in"))
	}
	for _, realm := range c.StripRealms {
		if !slices.Contains(c.Realms, realm) {
			problems = append(problems, fmt.Errorf("kerberos: strip_realms: %s is not one of realms", realm))
		}
	}
	if c.Skew < 0 || c.Skew > skewMost {
		problems = append(problems, fmt.Errorf("kerberos: skew: %s is not between 0 and %s", c.Skew, skewMost))
	}
	if c.Skew == 0 {
		c.Skew = skewMost
	}
	seen := tools.Seen
	if seen == nil {
		seen = newSeenHere(tools.Now)
	}
	return &negotiation{config: c, keys: keys, now: tools.Now, seen: seen, groups: groups}, errors.Join(problems...)
}

// unmarshalKeytab survives what gokrb5 does not: it indexes what it was not
// given.
func unmarshalKeytab(keys *keytab.Keytab, raw []byte) (err error) {
	defer survive(&err)
	return keys.Unmarshal(raw)
}

func survive(err *error) {
	if reason := recover(); reason != nil {
		*err = fmt.Errorf("panic in gokrb5: %v", reason)
	}
}

func serves(keys *keytab.Keytab, service string) bool {
	for _, entry := range keys.Entries {
		if ours(entry.Principal.Components, service) {
			return true
		}
	}
	return false
}

// ours reports whether a principal is the service clients call by HTTP. A
// keytab may hold others, such as host/…, whose tickets are not meant for us.
func ours(components []string, service string) bool {
	if service != "" {
		return strings.Join(components, "/") == service
	}
	return len(components) == 2 && components[0] == "HTTP"
}

func orAnyHTTP(service string) string {
	if service == "" {
		return "HTTP/…"
	}
	return service
}

func (*negotiation) missing() string { return "REMOTE_USER is not present in request." }

func (n *negotiation) way() string {
	return "a Kerberos ticket of " + strings.Join(n.config.Realms, " or ") + " (Negotiate) in Authorization"
}

func (*negotiation) challenge() string { return "Negotiate" }

func (n *negotiation) caller(r *http.Request) (Caller, bool, error) {
	encoded, ok := credentials(r, "Negotiate")
	if !ok {
		return Caller{}, false, nil
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if len(encoded) > ticketMost || err != nil {
		return Caller{}, true, n.refuse("The Kerberos token is malformed.", "Send it in base64.", nil)
	}
	caller, err := n.recognise(r, raw)
	return caller, true, err
}

func (n *negotiation) recognise(r *http.Request, raw []byte) (Caller, error) {
	token, err := readNegotiate(raw)
	if err != nil {
		return Caller{}, n.refuse("The Negotiate token holds no Kerberos ticket.",
			"Get a ticket with kinit, and see that your client is allowed to use it for this host.", err)
	}
	request := &token.request
	if !ours(request.Ticket.SName.NameString, n.config.Service) {
		return Caller{}, n.refuse("The Kerberos ticket is for another service.", "Get one for "+orAnyHTTP(n.config.Service)+".", nil)
	}
	if err := n.open(request, r.RemoteAddr); err != nil {
		return Caller{}, n.refuse(n.why(err))
	}
	// The name and realm that the KDC has put into the ticket; those of the
	// authenticator are the client's own words.
	part := request.Ticket.DecryptedEncPart
	if !slices.Contains(n.config.Realms, part.CRealm) {
		return Caller{}, n.refuse("Users of the realm "+excerpt(part.CRealm)+" may not log in here.",
			"Get a ticket of "+strings.Join(n.config.Realms, " or ")+".", nil)
	}
	if err := n.once(r.Context(), request); err != nil {
		return Caller{}, err
	}
	bare := part.CName.PrincipalNameString()
	user := bare + "@" + part.CRealm
	if slices.Contains(n.config.StripRealms, part.CRealm) {
		user = bare
	}
	// An @ in the first part could pass for a realm.
	if !goodName(user) || strings.Contains(bare, "@") {
		return Caller{}, n.refuse("The name in the Kerberos ticket cannot be used.", "Use another principal.", nil)
	}
	proof, err := token.reply()
	if err != nil {
		return Caller{}, n.refuse("The Kerberos ticket cannot be answered.", "Get a new one with kinit.", err)
	}
	caller := Caller{Name: user, How: HowKerberos, Proof: proof}
	// The directory knows the users of our own realm; those of another with the
	// same name are somebody else.
	if n.groups != nil && (user == bare || part.CRealm == n.config.Realms[0]) {
		caller.Groups, caller.GroupsErr = n.groups.Groups(r.Context(), bare)
	}
	return caller, nil
}

// errNoKey is a ticket made with a key that our keytab lacks.
var errNoKey = errors.New("no key in the keytab")

// open decrypts the ticket and what came with it, and checks both.
func (n *negotiation) open(request *messages.APReq, from string) (err error) {
	defer survive(&err)
	ticket := request.Ticket
	if _, _, err := n.keys.GetEncryptionKey(ticket.SName, ticket.Realm, ticket.EncPart.KVNO, ticket.EncPart.EType); err != nil {
		return errNoKey
	}
	address, _ := types.GetHostAddress(from)
	ok, err := request.Verify(n.keys, n.config.Skew, address, nil)
	if err == nil && !ok {
		err = errors.New("the ticket is not valid")
	}
	return err
}

// once refuses an authenticator that was shown before (RFC 4120 §3.2.3).
func (n *negotiation) once(ctx context.Context, request *messages.APReq) error {
	// The cipher text: who sees it pass can send it again, but not change it.
	key := digest(string(request.EncryptedAuthenticator.Cipher))
	at := request.Authenticator.CTime
	first, err := n.seen.First(ctx, key, at.Add(2*n.config.Skew))
	switch {
	case err != nil:
		return unreachable("The store that knows used tickets", fmt.Errorf("remember authenticator: %w", err))
	case !first:
		return n.refuse("This Kerberos token was used before.", "Make a new one for each request.", nil)
	}
	return nil
}

func (n *negotiation) refuse(message, hint string, err error) *Refusal {
	refusal := unauthorized(message, hint)
	refusal.Err = err
	return refusal
}
