package pagure_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/distaff-project/distaff/shared/forge/pagure"
)

// The signatures were made with openssl:
// printf '{"topic":"pull-request.new"}' | openssl dgst -sha256 -hmac secret.
const (
	signed    = `{"topic":"pull-request.new"}`
	sha256Hex = "9c57a658f3dbb75a57f6b10aa67eb4e2d5e950d19b9783863753ecaf39a00521"
	sha1Hex   = "88bbacb022e40032e18458bcacf7db0480bde935"
)

func TestAWebHookIsFromWhoeverKnowsTheKey(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers map[string]string
		body    string
		keys    pagure.Keys
		good    bool
	}{
		{"signed", map[string]string{pagure.SignatureSHA256: sha256Hex}, signed, pagure.Keys{Secrets: []string{"secret"}}, true},
		{"signed with the old key", map[string]string{pagure.SignatureSHA256: sha256Hex}, signed, pagure.Keys{Secrets: []string{"new", "secret"}}, true},
		{"another key", map[string]string{pagure.SignatureSHA256: sha256Hex}, signed, pagure.Keys{Secrets: []string{"other"}}, false},
		{"another body", map[string]string{pagure.SignatureSHA256: sha256Hex}, signed + " ", pagure.Keys{Secrets: []string{"secret"}}, false},
		{"not signed", nil, signed, pagure.Keys{Secrets: []string{"secret"}, SHA1: true}, false},
		{"not hexadecimal", map[string]string{pagure.SignatureSHA256: "zz"}, signed, pagure.Keys{Secrets: []string{"secret"}}, false},
		{"cut short", map[string]string{pagure.SignatureSHA256: sha256Hex[:8]}, signed, pagure.Keys{Secrets: []string{"secret"}}, false},
		{"the form of another forge", map[string]string{pagure.SignatureSHA256: "sha256=" + sha256Hex}, signed, pagure.Keys{Secrets: []string{"secret"}}, false},
		{"no key at all", map[string]string{pagure.SignatureSHA256: sha256Hex}, signed, pagure.Keys{}, false},
		{"an empty key", map[string]string{pagure.SignatureSHA256: pagure.Sign("", []byte(signed))}, signed, pagure.Keys{Secrets: []string{""}}, false},
		{"the old signature", map[string]string{pagure.SignatureSHA1: sha1Hex}, signed, pagure.Keys{Secrets: []string{"secret"}, SHA1: true}, true},
		{"the old signature, not asked for", map[string]string{pagure.SignatureSHA1: sha1Hex}, signed, pagure.Keys{Secrets: []string{"secret"}}, false},
		{
			"a wrong new signature beside the old",
			map[string]string{pagure.SignatureSHA256: "00", pagure.SignatureSHA1: sha1Hex},
			signed,
			pagure.Keys{Secrets: []string{"secret"}, SHA1: true},
			false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{}
			for name, value := range tt.headers {
				header.Set(name, value)
			}
			err := pagure.Verify(header, []byte(tt.body), tt.keys)
			if (err == nil) != tt.good || (err != nil && !errors.Is(err, pagure.ErrSignature)) {
				t.Errorf("%v", err)
			}
		})
	}
}
