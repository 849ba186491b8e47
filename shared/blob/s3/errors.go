package s3

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/distaff-project/distaff/shared/blob"
)

// noKey is what a server says of an absent object. A 404 without it comes from
// a missing bucket or from something that is no bucket at all, and must not
// pass for "there is nothing yet".
const noKey = "NoSuchKey"

// answer gives the status and the S3 error code inside err, zero if no server
// answered.
func answer(err error) (status int, code string) {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	return status, code
}

// readError says in blob's words why a GET or a LIST gave nothing.
func readError(err error) error {
	switch status, code := answer(err); {
	case status == http.StatusNotFound && code == noKey:
		return blob.ErrNotFound
	case status == http.StatusRequestedRangeNotSatisfiable:
		return blob.ErrRange
	case status == http.StatusForbidden:
		return denied{err}
	}
	return err
}

// denied says why the bucket denies a read in the server's words, without the
// library's around them: an operator reads it in one line of a list.
type denied struct{ error }

func (d denied) Error() string {
	var api smithy.APIError
	if !errors.As(d.error, &api) {
		return "the bucket denies it: " + d.error.Error()
	}
	words := "the bucket denies it: " + api.ErrorCode() + ": " + api.ErrorMessage()
	if api.ErrorCode() == "AccessDenied" {
		words += "; where s3:ListBucket is not granted an absent key looks the same, because S3 then answers 403 in place of 404"
	}
	return words
}

func (d denied) Unwrap() error { return d.error }

// writeError says in blob's words why a PUT was not done.
func writeError(err error) error {
	switch status, code := answer(err); {
	case status == http.StatusPreconditionFailed, status == http.StatusConflict,
		status == http.StatusNotFound && code == noKey:
		return fmt.Errorf("%w (%d %s)", blob.ErrConflict, status, code)
	}
	return err
}
