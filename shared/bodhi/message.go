package bodhi

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrNotUpdate says that a message of Bodhi is about something else than the
// state of an update.
var ErrNotUpdate = errors.New("not a change of an update")

const (
	messageMost = 4 << 20 // bytes
	buildsMost  = 5000    // the largest updates, of desktops, have a few hundred
)

// UpdateMessage is what Bodhi says of an update that changed.
type UpdateMessage struct {
	Alias   string // FEDORA-2026-0123456789
	Status  string // pending, testing, stable, unpushed, obsolete
	Request string // what was asked for: testing, stable; empty: nothing
	Type    string // security, bugfix, enhancement, newpackage, unspecified
	Release string // F45
	Builds  []string
	User    string
}

// ParseUpdateMessage reads a message whose topic ends in
// "bodhi.update.complete.stable" or the like. What an update becomes is said by
// "complete"; a "request" is only the wish. The error is ErrNotUpdate for every
// other topic.
//
// The form is that of bodhi-messages (UpdateCompleteStableV1 and others):
// https://github.com/fedora-infra/bodhi/tree/develop/bodhi-messages.
func ParseUpdateMessage(topic string, body []byte) (UpdateMessage, error) {
	_, what, found := strings.Cut(topic, ".bodhi.update.complete.")
	if !found || what != "stable" && what != "testing" {
		return UpdateMessage{}, ErrNotUpdate
	}
	if len(body) > messageMost {
		return UpdateMessage{}, fmt.Errorf("read a message about an update: %d bytes, more than %d", len(body), messageMost)
	}
	var wire struct {
		Update struct {
			Alias   string  `json:"alias"`
			Status  string  `json:"status"`
			Request *string `json:"request"`
			Type    string  `json:"type"`
			Release struct {
				Name string `json:"name"`
			} `json:"release"`
			Builds []struct {
				NVR string `json:"nvr"`
			} `json:"builds"`
			User struct {
				Name string `json:"name"`
			} `json:"user"`
		} `json:"update"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return UpdateMessage{}, fmt.Errorf("read a message about an update: %w", err)
	}
	u := wire.Update
	if !name(u.Alias) || !name(u.Release.Name) {
		return UpdateMessage{}, fmt.Errorf("read a message about an update: the alias is %.60q, the release %.60q", u.Alias, u.Release.Name)
	}
	if len(u.Builds) > buildsMost {
		return UpdateMessage{}, fmt.Errorf("read a message about %s: %d builds, more than %d", u.Alias, len(u.Builds), buildsMost)
	}
	m := UpdateMessage{Alias: u.Alias, Status: u.Status, Type: u.Type, Release: u.Release.Name, User: u.User.Name}
	if m.Status != what {
		m.Status = what // the update may have moved on; the message is about this
	}
	if u.Request != nil {
		m.Request = *u.Request
	}
	for _, b := range u.Builds {
		if !name(b.NVR) {
			return UpdateMessage{}, fmt.Errorf("read a message about %s: a build is called %.60q", u.Alias, b.NVR)
		}
		if !slices.Contains(m.Builds, b.NVR) {
			m.Builds = append(m.Builds, b.NVR)
		}
	}
	return m, nil
}

// name tells whether text is one word of what names are made of.
func name(text string) bool {
	return len(text) <= 255 && regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~^:-]*$`).MatchString(text)
}
