package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
)

// Compose is a compose as the API shows it. Lists are one text with spaces
// between, as in ODCS.
type Compose struct {
	ID          int64              `json:"id"`
	Owner       string             `json:"owner"`
	SourceType  compose.SourceType `json:"source_type"`
	Source      string             `json:"source"`
	Packages    string             `json:"packages"`
	Builds      string             `json:"builds"`
	Arches      string             `json:"arches"`
	Sigkeys     string             `json:"sigkeys"`
	Flags       []string           `json:"flags"`
	Label       string             `json:"label"`
	ComposeType string             `json:"compose_type"`
	KojiEvent   int64              `json:"koji_event"`
	PungiID     string             `json:"pungi_compose_id"`
	RespinOf    string             `json:"respin_of"`

	State     compose.State `json:"state"`
	StateName string        `json:"state_name"`
	Reason    string        `json:"state_reason"`
	Submitted time.Time     `json:"time_submitted"`
	Started   time.Time     `json:"time_started"`
	Done      time.Time     `json:"time_done"`
	Removed   time.Time     `json:"time_removed"`
	Expires   time.Time     `json:"time_to_expire"`
	RemovedBy string        `json:"removed_by"`

	Repo     string `json:"result_repo"`
	RepoFile string `json:"result_repofile"`
	Toplevel string `json:"toplevel_url"`

	// More is what only compose-api can tell, if it does; nil: it does not.
	More *odcs.More `json:"distaff,omitempty"`
	// Raw is the JSON it was read from.
	Raw json.RawMessage `json:"-"`
}

// List is a page of the list.
type List struct {
	Items []Compose
	Meta  Meta
	// Raw is the JSON it was read from.
	Raw json.RawMessage
}

// Meta is what a list says of itself.
type Meta struct {
	Page    int `json:"page"`
	Pages   int `json:"pages"`
	PerPage int `json:"per_page"`
	Total   int `json:"total"`
}

// Decode reads a compose.
func Decode(raw []byte) (Compose, error) {
	var c Compose
	if err := json.Unmarshal(raw, &c); err != nil {
		return Compose{}, fmt.Errorf("read what the API answered: %w", err)
	}
	if c.ID <= 0 {
		return Compose{}, errors.New("read what the API answered: it is no compose; is it the address of an ODCS?")
	}
	c.Raw = append(json.RawMessage(nil), raw...)
	return c, nil
}

// DecodeList reads a page of the list.
func DecodeList(raw []byte) (List, error) {
	var list struct {
		Items []json.RawMessage `json:"items"`
		Meta  *Meta             `json:"meta"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return List{}, fmt.Errorf("read what the API answered: %w", err)
	}
	if list.Meta == nil {
		return List{}, errors.New("read what the API answered: it is no list of composes; is it the address of an ODCS?")
	}
	out := List{Meta: *list.Meta, Raw: append(json.RawMessage(nil), raw...)}
	for _, item := range list.Items {
		c, err := Decode(item)
		if err != nil {
			return List{}, err
		}
		out.Items = append(out.Items, c)
	}
	return out, nil
}

// Over tells that nothing more will become of it by itself: it is done, failed
// or removed.
func (c Compose) Over() bool {
	return c.State != compose.Wait && c.State != compose.Generating
}
