package github

import (
	"errors"
	"net/http"

	"github.com/google/go-github/v62/github"
)

// ErrSignature tells that a call is not from who it says.
var ErrSignature = errors.New("the signature of the web hook does not fit")

// Verify tells whether body was signed with one of secrets, in constant time.
// There may be two while one is being changed. Only the SHA-256 signature is
// taken, and an empty secret never fits.
func Verify(header http.Header, body []byte, secrets []string) error {
	given := header.Get(github.SHA256SignatureHeader)
	for _, secret := range secrets {
		// go-github would take any signature for an empty secret, and SHA-1 too.
		if secret != "" && len(given) == len("sha256=")+64 && github.ValidateSignature(given, body, []byte(secret)) == nil {
			return nil
		}
	}
	return ErrSignature
}
