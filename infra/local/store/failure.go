package store

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/distaff-project/distaff/shared/blob"
)

// failure is an answer that says no, with one of S3's error codes. Source of
// the codes: "Error responses" in the Amazon S3 API reference.
type failure struct {
	status  int
	code    string
	message string
}

func (f failure) Error() string { return f.code + ": " + f.message }

// failureOf finds the answer to an error.
func failureOf(err error) failure {
	var f failure
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, blob.ErrNotFound), errors.Is(err, errNothingToMatch):
		return failure{http.StatusNotFound, "NoSuchKey", "the key does not exist"}
	case errors.Is(err, blob.ErrConflict):
		return failure{http.StatusPreconditionFailed, "PreconditionFailed", "a precondition did not hold"}
	case errors.Is(err, blob.ErrRange):
		return failure{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "the range cannot be satisfied"}
	case errors.Is(err, errTooLarge), errors.As(err, &tooLarge):
		return failure{http.StatusBadRequest, "EntityTooLarge", "the body is larger than this store takes"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return failure{http.StatusBadRequest, "IncompleteBody", "the body is shorter than announced"}
	}
	// The operator of a local store is also its user: say what is wrong.
	return failure{http.StatusInternalServerError, "InternalError", err.Error()}
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := failureOf(err)
	if r.Method == http.MethodHead {
		w.WriteHeader(f.status)
		return
	}
	writeXML(w, f.status, struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string
		RequestID string `xml:"RequestId"`
	}{Code: f.code, Message: f.message, Resource: r.URL.Path, RequestID: w.Header().Get("X-Amz-Request-Id")})
}

// namespace is the one of all S3 documents.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

func writeXML(w http.ResponseWriter, status int, v any) {
	raw, err := xml.Marshal(v)
	if err != nil { // only for types that cannot be XML: not ours
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_, _ = w.Write(raw)
}
