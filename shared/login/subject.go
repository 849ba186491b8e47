package login

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// attribute is one part of a subject. Its value is decoded by us: encoding/asn1
// gives up at the string types of old certificates.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type attributesSET []attribute // the name makes encoding/asn1 expect a SET

// readSubject gives the parts of a subject, those that are one relative name
// together.
func readSubject(raw []byte) ([]attributesSET, error) {
	var parts []attributesSET
	rest, err := asn1.Unmarshal(raw, &parts)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errors.New("bytes after the subject")
	}
	return parts, nil
}

// rfc2253Name writes a subject as Apache's SSL_CLIENT_S_DN has it: RFC 2253 in
// OpenSSL's reading, with letters beyond ASCII as they are
// (XN_FLAG_RFC2253 without ASN1_STRFLGS_ESC_MSB).
func rfc2253Name(raw []byte) (string, error) {
	parts, err := readSubject(raw)
	if err != nil {
		return "", err
	}
	slices.Reverse(parts)
	names := make([]string, 0, len(parts))
	for _, part := range parts {
		slices.Reverse(part)
		pairs := make([]string, 0, len(part))
		for _, a := range part {
			name, known := attributeName(a.Type)
			value, ok := decode(a.Value)
			switch {
			case !ok || !known:
				pairs = append(pairs, name+"=#"+strings.ToUpper(hex.EncodeToString(a.Value.FullBytes)))
			default:
				pairs = append(pairs, name+"="+escape2253(value))
			}
		}
		names = append(names, strings.Join(pairs, "+"))
	}
	return strings.Join(names, ","), nil
}

func escape2253(value string) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		switch {
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%02X`, c)
		case strings.IndexByte(`,+"\<>;`, c) >= 0, c == '#' && i == 0, c == ' ' && (i == 0 || i == len(value)-1):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// slashName writes a subject as OpenSSL 3's X509_NAME_oneline does: /O=…/CN=….
// Before 1.1.1, a slash within a value looked like the next part.
func slashName(raw []byte) (string, error) {
	parts, err := readSubject(raw)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range parts {
		for i, a := range part {
			name, _ := attributeName(a.Type)
			b.WriteString([]string{"/", "+"}[min(i, 1)] + name + "=")
			for _, c := range a.Value.Bytes {
				switch {
				case c < ' ' || c > '~':
					fmt.Fprintf(&b, `\x%02X`, c)
				case c == '/' || c == '+':
					b.WriteByte('\\')
					b.WriteByte(c)
				default:
					b.WriteByte(c)
				}
			}
		}
	}
	return b.String(), nil
}

// decode reads the string types of X.520.
func decode(v asn1.RawValue) (string, bool) {
	if v.Class != asn1.ClassUniversal || v.IsCompound {
		return "", false
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString:
		return string(v.Bytes), utf8.Valid(v.Bytes)
	case asn1.TagT61String: // OpenSSL takes it for Latin-1
		runes := make([]rune, len(v.Bytes))
		for i, c := range v.Bytes {
			runes[i] = rune(c)
		}
		return string(runes), true
	case asn1.TagBMPString:
		if len(v.Bytes)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(v.Bytes)/2)
		for i := range units {
			units[i] = uint16(v.Bytes[2*i])<<8 | uint16(v.Bytes[2*i+1])
		}
		return string(utf16.Decode(units)), true
	}
	return "", false
}

// attributeName gives OpenSSL's short name of an attribute type, or its number
// and false.
func attributeName(id asn1.ObjectIdentifier) (string, bool) {
	dotted := id.String()
	if short, ok := strings.CutPrefix(dotted, "2.5.4."); ok {
		if name := x520(short); name != "" {
			return name, true
		}
	}
	switch dotted {
	case "1.2.840.113549.1.9.1":
		return "emailAddress", true
	case "1.2.840.113549.1.9.2":
		return "unstructuredName", true
	case "0.9.2342.19200300.100.1.1":
		return "UID", true
	case "0.9.2342.19200300.100.1.3":
		return "mail", true
	case "0.9.2342.19200300.100.1.25":
		return "DC", true
	}
	return dotted, false
}

// x520 names the types below 2.5.4.
func x520(arc string) string {
	switch arc {
	case "3":
		return "CN"
	case "4":
		return "SN"
	case "5":
		return "serialNumber"
	case "6":
		return "C"
	case "7":
		return "L"
	case "8":
		return "ST"
	case "9":
		return "street"
	case "10":
		return "O"
	case "11":
		return "OU"
	case "12":
		return "title"
	case "13":
		return "description"
	case "15":
		return "businessCategory"
	case "17":
		return "postalCode"
	case "42":
		return "GN"
	case "43":
		return "initials"
	case "44":
		return "generationQualifier"
	case "46":
		return "dnQualifier"
	case "65":
		return "pseudonym"
	case "97":
		return "organizationIdentifier"
	}
	return ""
}
