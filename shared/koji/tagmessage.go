package koji

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/rpm"
)

// TagChange is what the bus says of a build that was tagged or untagged: a hint
// to look, because messages get lost and come twice.
type TagChange struct {
	Tag     string
	TagID   int64
	BuildID int64 // 0 in messages of old
	NVR     rpm.NVR
	// User did it, Owner is whose build it is.
	User, Owner string
	Untagged    bool
	// BaseURL tells Kojis apart; empty from a hub that sends its messages by
	// itself (the plugin protonmsg).
	BaseURL string
}

// ErrNotTag says that a message is about something else.
var ErrNotTag = errors.New("not a change of a tag's builds")

// ParseTagChange reads a message of topic "….buildsys.tag" or "….untag", as
// Fedora's hub sends it (github.com/fedora-infra/koji-fedoramessaging), or of
// "….build.tag" or "….untag" as the hub's own plugin protonmsg does. Body is the
// message's own or an envelope, as with ParseTaskMessage.
func ParseTagChange(topic string, body []byte) (TagChange, error) {
	topic, body, err := openEnvelope(topic, body)
	if err != nil {
		return TagChange{}, err
	}
	var change TagChange
	switch {
	case strings.HasSuffix(topic, ".buildsys.tag"), strings.HasSuffix(topic, ".buildsys.untag"):
		err = change.readFedora(body)
	case strings.HasSuffix(topic, ".build.tag"), strings.HasSuffix(topic, ".build.untag"):
		err = change.readProton(body)
	default:
		return TagChange{}, fmt.Errorf("topic %.80q: %w", topic, ErrNotTag)
	}
	if err != nil {
		return TagChange{}, fmt.Errorf("read koji message: %w", err)
	}
	change.Untagged = strings.HasSuffix(topic, ".untag")
	if !isTag(change.Tag) || !plainName(change.NVR.Name) || !plainName(change.NVR.Version) || !plainName(change.NVR.Release) {
		return TagChange{}, fmt.Errorf("read koji message: build %.100q in tag %.100q: %w", change.NVR.String(), change.Tag, ErrNotTag)
	}
	return change, nil
}

// isTag tells whether a text can be a tag's name, which is one line: a hub may
// allow more or less than Koji does by itself.
func isTag(text string) bool {
	return text != "" && len(text) <= 256 && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (c *TagChange) readFedora(body []byte) error {
	var wire struct {
		Tag     string `json:"tag"`
		TagID   int64  `json:"tag_id"`
		BuildID int64  `json:"build_id"`
		Name    string `json:"name"`
		Version string `json:"version"`
		Release string `json:"release"`
		User    string `json:"user"`
		Owner   string `json:"owner"`
		BaseURL string `json:"base_url"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	*c = TagChange{
		Tag: wire.Tag, TagID: wire.TagID, BuildID: wire.BuildID, User: wire.User, Owner: wire.Owner, BaseURL: wire.BaseURL,
		NVR: rpm.NVR{Name: wire.Name, EVR: rpm.EVR{Version: wire.Version, Release: wire.Release}},
	}
	return nil
}

// readProton reads the arguments of the hub's callback: whole rows of a tag, a
// build and a user.
func (c *TagChange) readProton(body []byte) error {
	var wire struct {
		Tag struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"tag"`
		Build struct {
			ID      int64  `json:"id"`
			Name    string `json:"name"`
			Version string `json:"version"`
			Release string `json:"release"`
			Epoch   int    `json:"epoch"`
			Owner   string `json:"owner_name"`
		} `json:"build"`
		User struct {
			Name string `json:"name"`
		} `json:"user"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	b := wire.Build
	*c = TagChange{
		Tag: wire.Tag.Name, TagID: wire.Tag.ID, BuildID: b.ID, User: wire.User.Name, Owner: b.Owner,
		NVR: rpm.NVR{Name: b.Name, EVR: rpm.EVR{Epoch: b.Epoch, Version: b.Version, Release: b.Release}},
	}
	return nil
}
