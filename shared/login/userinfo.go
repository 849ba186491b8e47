package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/distaff-project/distaff/shared/wire"
)

// userInfo asks the issuer for the groups of a token (OpenID Connect Core 1.0
// §5.3). One that is refused has none: tokens made by hand in Fedora cannot ask,
// and fewer groups only make for fewer rights. An issuer that is down is
// another matter: the groups are then not known.
func (b *bearer) userInfo(ctx context.Context, token string, who identity) ([]string, error) {
	key := digest(token)
	if groups, ok := b.groups.get(key); ok {
		return groups, nil
	}
	groups, err := b.askGroups(ctx, token, who)
	if err != nil {
		return nil, fmt.Errorf("get groups of %s: %w", who.user, err)
	}
	b.groups.put(key, groups, b.holds(who.expiry, groupsMost))
	return groups, nil
}

func (b *bearer) askGroups(ctx context.Context, token string, who identity) ([]string, error) {
	d, err := b.issuer.describe(ctx)
	if err != nil {
		return nil, err
	}
	if d.UserInfo == "" {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.UserInfo, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	answer, err := b.issuer.wire.Do(req)
	switch {
	case wire.Code(err) >= 300 && !wire.Temporary(err):
		return nil, nil
	case err != nil:
		return nil, silent(err)
	}
	var all claims
	if json.Unmarshal(answer.Body, &all) != nil {
		return nil, errors.New("UserInfo is not the JSON expected")
	}
	// An answer about somebody else must not be used (§5.3.2).
	if who.subject != "" && text(all["sub"]) != who.subject {
		return nil, nil
	}
	return words(all[b.config.GroupsClaim]), nil
}
