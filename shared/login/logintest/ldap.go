package logintest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// LDAP is a directory server that speaks enough of RFC 4511 to look up groups:
// simple bind, search with equality, presence, and, or, not; StartTLS.
type LDAP struct {
	// Entries are what it holds, by name.
	Entries []Entry
	// Users are the names that may log in, with their passwords.
	Users map[string]string
	// Closed wants a login before a search.
	Closed bool
	// TLS is what StartTLS uses. Nil: it is refused.
	TLS *tls.Config
	// Silent never answers a search.
	Silent bool

	mu       sync.Mutex
	filters  []string
	listener net.Listener
	open     map[net.Conn]bool
}

// Entry is one entry of the directory.
type Entry struct {
	Name       string
	Attributes map[string][]string
}

// Filters gives the filters it was asked with, as text.
func (l *LDAP) Filters() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.filters...)
}

// Serve answers on listener until Close.
func (l *LDAP) Serve(listener net.Listener) error {
	l.mu.Lock()
	l.listener, l.open = listener, map[net.Conn]bool{}
	l.mu.Unlock()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.open[conn] = true
		l.mu.Unlock()
		go func() {
			defer func() {
				_ = conn.Close()
				l.mu.Lock()
				delete(l.open, conn)
				l.mu.Unlock()
			}()
			l.answer(conn)
		}()
	}
}

// Close ends Serve and all connections.
func (l *LDAP) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
	}
	for conn := range l.open {
		_ = conn.Close()
	}
}

// startTLS is the name of the operation (RFC 4511 §4.14).
const startTLS = "1.3.6.1.4.1.1466.20037"

func (l *LDAP) answer(conn net.Conn) {
	known := false
	for {
		message, err := ber.ReadPacket(conn)
		if err != nil || len(message.Children) < 2 {
			return
		}
		id, op := message.Children[0].Value, message.Children[1]
		switch op.Tag {
		case ldap.ApplicationBindRequest:
			name, _ := op.Children[1].Value.(string)
			password := op.Children[2].Data.String()
			want, ok := l.Users[name]
			code := ldap.LDAPResultSuccess
			if known = ok && want == password; !known {
				code = ldap.LDAPResultInvalidCredentials
			}
			send(conn, id, result(ldap.ApplicationBindResponse, code))
		case ldap.ApplicationExtendedRequest:
			if l.TLS == nil || op.Children[0].Data.String() != startTLS {
				send(conn, id, result(ldap.ApplicationExtendedResponse, ldap.LDAPResultProtocolError))
				continue
			}
			send(conn, id, result(ldap.ApplicationExtendedResponse, ldap.LDAPResultSuccess))
			conn = tls.Server(conn, l.TLS)
		case ldap.ApplicationSearchRequest:
			l.search(conn, id, op, known)
		case ldap.ApplicationUnbindRequest:
			return
		default:
			return
		}
	}
}

func (l *LDAP) search(w io.Writer, id any, op *ber.Packet, known bool) {
	filter := op.Children[6]
	text, _ := ldap.DecompileFilter(filter)
	l.mu.Lock()
	l.filters = append(l.filters, text)
	l.mu.Unlock()
	switch {
	case l.Silent:
		return
	case l.Closed && !known:
		send(w, id, result(ldap.ApplicationSearchResultDone, ldap.LDAPResultInsufficientAccessRights))
		return
	}
	base, _ := op.Children[0].Value.(string)
	scope, _ := op.Children[1].Value.(int64)
	limit, _ := op.Children[3].Value.(int64)
	code, sent := ldap.LDAPResultSuccess, int64(0)
	for _, entry := range l.Entries {
		if !within(entry.Name, base, scope) || !matches(entry, filter) {
			continue
		}
		if limit > 0 && sent == limit {
			code = ldap.LDAPResultSizeLimitExceeded
			break
		}
		sent++
		send(w, id, found(entry, op.Children[7]))
	}
	send(w, id, result(ldap.ApplicationSearchResultDone, code))
}

// within reports whether a name is below base: one level deep for scope 1.
func within(name, base string, scope int64) bool {
	rest, below := strings.CutSuffix(strings.ToLower(name), ","+strings.ToLower(base))
	return below && (scope == ldap.ScopeWholeSubtree || !strings.Contains(rest, ","))
}

func matches(entry Entry, filter *ber.Packet) bool {
	switch filter.Tag {
	case ldap.FilterAnd:
		for _, f := range filter.Children {
			if !matches(entry, f) {
				return false
			}
		}
		return true
	case ldap.FilterOr:
		for _, f := range filter.Children {
			if matches(entry, f) {
				return true
			}
		}
		return false
	case ldap.FilterNot:
		return !matches(entry, filter.Children[0])
	case ldap.FilterPresent:
		return len(entry.Attributes[filter.Data.String()]) > 0
	case ldap.FilterEqualityMatch:
		want := filter.Children[1].Data.String()
		for _, value := range entry.Attributes[filter.Children[0].Data.String()] {
			if strings.EqualFold(value, want) {
				return true
			}
		}
	default: // approximate, substring and the like are not for group look-ups
	}
	return false
}

func found(entry Entry, wanted *ber.Packet) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "entry")
	op.AppendChild(octets(entry.Name))
	attributes := ber.NewSequence("attributes")
	for _, name := range wanted.Children {
		one := ber.NewSequence("attribute")
		one.AppendChild(octets(name.Data.String()))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "values")
		for _, value := range entry.Attributes[name.Data.String()] {
			values.AppendChild(octets(value))
		}
		one.AppendChild(values)
		attributes.AppendChild(one)
	}
	op.AppendChild(attributes)
	return op
}

func result(kind ber.Tag, code int) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, kind, nil, "result")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, "code"))
	op.AppendChild(octets(""))
	op.AppendChild(octets(""))
	return op
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func send(w io.Writer, id any, op *ber.Packet) {
	message := ber.NewSequence("message")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, "id"))
	message.AppendChild(op)
	_, _ = w.Write(message.Bytes())
}
