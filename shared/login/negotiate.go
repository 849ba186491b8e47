package login

import (
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
)

// negotiate is what a client sent: a Kerberos ticket, by itself or within
// SPNEGO (RFC 4178).
type negotiate struct {
	request messages.APReq
	// wrapped is the answer around ours; nil where the ticket came by itself.
	wrapped *spnego.NegTokenResp
}

// readNegotiate reads a token. Of SPNEGO only the first message is taken, with
// Kerberos as the client's first choice: a second one would need to find its
// way back to this instance.
func readNegotiate(raw []byte) (token *negotiate, err error) {
	defer survive(&err)
	token = &negotiate{}
	var outer spnego.SPNEGOToken
	if outer.Unmarshal(raw) == nil {
		init := outer.NegTokenInit
		if !outer.Init || len(init.MechTypes) == 0 {
			return nil, errors.New("not the first message of SPNEGO")
		}
		first := init.MechTypes[0]
		if !first.Equal(gssapi.OIDKRB5.OID()) && !first.Equal(gssapi.OIDMSLegacyKRB5.OID()) {
			return nil, fmt.Errorf("the first mechanism is %s and not Kerberos", first)
		}
		token.wrapped = &spnego.NegTokenResp{SupportedMech: first} // and a state of 0, completed
		raw = init.MechTokenBytes
	}
	var inner spnego.KRB5Token
	if err := inner.Unmarshal(raw); err != nil {
		return nil, err
	}
	if !inner.IsAPReq() {
		return nil, errors.New("no AP-REQ")
	}
	token.request = inner.APReq
	return token, nil
}

// reply gives the value of WWW-Authenticate for a ticket that was accepted;
// with it a client that asked for that knows that we hold the service's key.
func (n *negotiate) reply() (value string, err error) {
	defer survive(&err)
	var proof []byte
	if types.IsFlagSet(&n.request.APOptions, flags.APOptionMutualRequired) {
		if proof, err = apReply(&n.request); err != nil {
			return "", fmt.Errorf("write AP-REP: %w", err)
		}
	}
	if n.wrapped != nil {
		n.wrapped.ResponseToken = proof
		if proof, err = n.wrapped.Marshal(); err != nil {
			return "", fmt.Errorf("write SPNEGO answer: %w", err)
		}
	}
	if proof == nil {
		return "", nil
	}
	return "Negotiate " + base64.StdEncoding.EncodeToString(proof), nil
}

// apReply writes an AP-REP (RFC 4120 §5.5.2) as a token of GSS-API (RFC 4121
// §4.1); gokrb5 only reads them. It repeats the time the client wrote, under
// the key in the ticket that nobody else has.
func apReply(request *messages.APReq) ([]byte, error) {
	var number [4]byte
	_, _ = rand.Read(number[:]) // never fails
	part, err := asn1.Marshal(struct {
		CTime  time.Time `asn1:"generalized,explicit,tag:0"`
		CUsec  int       `asn1:"explicit,tag:1"`
		Number int64     `asn1:"explicit,tag:3"`
	}{
		request.Authenticator.CTime.UTC(), request.Authenticator.Cusec,
		// 30 bits: older clients read the number with a sign.
		int64(binary.BigEndian.Uint32(number[:]) >> 2),
	})
	if err != nil {
		return nil, err
	}
	part = asn1tools.AddASNAppTag(part, asnAppTag.EncAPRepPart)
	sealed, err := crypto.GetEncryptedData(part, request.Ticket.DecryptedEncPart.Key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, err
	}
	body, err := asn1.Marshal(messages.APRep{PVNO: 5, MsgType: msgtype.KRB_AP_REP, EncPart: sealed})
	if err != nil {
		return nil, err
	}
	token, err := asn1.Marshal(asn1.ObjectIdentifier(gssapi.OIDKRB5.OID()))
	if err != nil {
		return nil, err
	}
	token = append(token, 0x02, 0x00) // KRB_AP_REP (RFC 4121 §4.1)
	token = append(token, asn1tools.AddASNAppTag(body, asnAppTag.APREP)...)
	return asn1tools.AddASNAppTag(token, 0), nil
}

// why puts what is wrong with a ticket into words, and what to do.
func (n *negotiation) why(err error) (message, hint string, cause error) {
	const noKey = errorcode.KRB_AP_ERR_NOKEY
	var failed messages.KRBError
	code := int32(-1)
	switch {
	case errors.Is(err, errNoKey):
		code = noKey
	case errors.As(err, &failed):
		code = failed.ErrorCode
	}
	switch code {
	case errorcode.KRB_AP_ERR_TKT_EXPIRED:
		message, hint = "The Kerberos ticket has expired.", "Get a new one with kinit."
	case errorcode.KRB_AP_ERR_TKT_NYV:
		message, hint = "The Kerberos ticket is not valid yet.", "Check the clock of your machine."
	case errorcode.KRB_AP_ERR_SKEW:
		message = "The clock of your machine is off by more than " + n.config.Skew.String() + "."
		hint = "Set it right and call again."
	case noKey:
		message = "The Kerberos ticket is made with a key that is not known here."
		hint = "Get a new one with kinit; should that not help, the operators have to renew the keytab."
	case errorcode.KRB_AP_ERR_BADADDR:
		message, hint = "The Kerberos ticket is for another address.", "Get one without addresses (kinit -A)."
	default:
		message, hint = "The Kerberos ticket cannot be verified.", "Get a new one with kinit."
	}
	return message, hint, err
}
