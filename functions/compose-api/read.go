package composeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

// search answers GET /api/1/composes/.
func (a api) search(ctx context.Context, c call) (answer, error) {
	if _, err := a.authenticate(c); err != nil {
		return answer{}, err
	}
	search, err := odcs.ParseSearch(c.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	found, err := a.List.Find(ctx, search.Query)
	if err != nil {
		return answer{}, fmt.Errorf("find composes: %w", err)
	}
	return answer{code: http.StatusOK, body: search.List(found, a.URLs, a.address(c.Request)+"/api/1/composes/")}, nil
}

// one answers GET /api/1/composes/<id>, which clients call once a second: it is
// one GET of the bucket.
func (a api) one(ctx context.Context, c call) (answer, error) {
	if _, err := a.authenticate(c); err != nil {
		return answer{}, err
	}
	is, err := a.Desk.Read(ctx, c.id)
	if errors.Is(err, blob.ErrNotFound) {
		return refused(http.StatusNotFound, "No such compose found.", ""), nil
	}
	if err != nil {
		return answer{}, err
	}
	dump, err := a.dump(ctx, is)
	if c.URL.Query().Has("more") { // our own clients ask so; others get what ODCS gives
		return shown(odcs.ShowAll(is, a.URLs, dump)), err
	}
	return shown(odcs.ShowOne(is, a.URLs, dump)), err
}

// dump is the configuration of a compose, which is kept only of some.
func (a api) dump(ctx context.Context, c compose.Compose) (string, error) {
	kept := []string{"production", "development"}
	if c.Request.SourceType != compose.RawConfig || !slices.Contains(kept, c.Request.ComposeType) {
		return "", nil
	}
	o, err := a.Store.Get(ctx, odcs.DumpKey(c.ID))
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return "", fmt.Errorf("read the configuration of compose %d: %w", c.ID, err)
	}
	return string(o.Body), nil
}

// authenticate finds out who calls.
func (a api) authenticate(c call) (login.Caller, error) {
	who, err := a.Login.Authenticate(c.Request)
	*c.proof = who.Proof
	return who, err
}

// enter finds out who calls, for something that not everybody may do.
func (a api) enter(c call, scope string) (permit.Caller, error) {
	who, err := a.authenticate(c)
	if err == nil {
		err = a.Login.RequireScope(who, scope)
	}
	if err == nil && strings.HasPrefix(who.Name, compose.RuleOwner) {
		err = &permit.Refusal{
			Code: http.StatusForbidden, Message: "User " + who.Name + " has a name that only rules may have.", Hint: "Log in under another name.",
		}
	}
	return callerOf(who), err
}

// asks finds out who calls, for what only clients may do, and what was sent.
func (a api) asks(c call, scope string) (permit.Caller, []byte, error) {
	who, err := a.enter(c, scope)
	if err == nil {
		err = a.Policy.RequireClient(who)
	}
	if err != nil {
		return who, nil, err
	}
	raw, err := body(c)
	return who, raw, err
}

func callerOf(who login.Caller) permit.Caller {
	return permit.Caller{Name: who.Name, Groups: who.Groups, GroupsUnknown: who.GroupsErr != nil}
}

// body reads what was sent.
func body(c call) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(c.Body, odcs.BodyMost+1))
	if err != nil {
		return nil, &odcs.Refusal{Code: http.StatusBadRequest, Message: "The body could not be read.", Hint: "Send it again."}
	}
	return raw, nil
}
