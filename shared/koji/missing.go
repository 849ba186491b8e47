package koji

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/distaff-project/distaff/shared/wire"
)

// MissingError says that the hub has no things of these names. It is an answer,
// not a breakdown: asking again will not help.
type MissingError struct {
	Hub   string   // "koji fedora"
	Kind  string   // "tag", "build", "task", "event"
	Names []string // as they were asked for
}

// Error names all that is missing, up to twenty.
func (e *MissingError) Error() string {
	const most = 20
	kind, names, rest := e.Kind, e.Names, ""
	if len(names) > 1 {
		kind += "s"
	}
	if len(names) > most {
		names, rest = names[:most], " and more"
	}
	return e.Hub + ": no such " + kind + ": " + strings.Join(names, ", ") + rest
}

func (h *Hub) missing(kind string, names ...string) error {
	return &MissingError{Hub: h.String(), Kind: kind, Names: names}
}

// ErrNoCall says that the hub does not know the call: it is too old, or lacks
// a plugin.
var ErrNoCall = errors.New("the hub does not know this call")

// Is lets errors.Is find ErrNoCall in the hub's own words for it.
func (f *Fault) Is(target error) bool {
	return target == ErrNoCall && f.Code == FaultGeneric && strings.HasPrefix(f.Text, "Invalid method: ")
}

// Unauthorized reports whether err says that our credential was refused: a
// person has to put it right. That we are known but may not do a thing is
// another matter, the fault FaultNotAllowed.
func Unauthorized(err error) bool {
	switch faultCode(err) {
	case FaultAuth, FaultAuthExpired, FaultGSSAPI:
		return true
	}
	code := wire.Code(err)
	return code == http.StatusUnauthorized || code == http.StatusForbidden
}

// noTag are the hub's words for a tag that does not exist: of get_tag, of
// get_tag_id, and of older hubs (kojihub.py).
var noTag = regexp.MustCompile(`^(?:No such tagInfo: |No such tag: |No such entry in table tag: |Invalid tagInfo: )`)

// tagMissing makes a MissingError of the hub's fault for an unknown tag.
func (h *Hub) tagMissing(tag string, err error) error {
	var fault *Fault
	if errors.As(err, &fault) && fault.Code == FaultGeneric && noTag.MatchString(fault.Text) {
		return h.missing("tag", tag)
	}
	return err
}
