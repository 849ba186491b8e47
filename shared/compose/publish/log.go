package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/productmd"
)

// The logs of a compose have the names of Pungi's: clients of ODCS show the first
// one to whoever waits, as it grows.
const (
	logErr = "pungi-stderr.log"
	logOut = "pungi-stdout.log"
	// logMost is how long a log may become. Runs without end are cut off by time
	// before they fill it.
	logMost = 1 << 20
)

// Log adds to the log of a compose. Fresh tells that there is none yet. Where two
// runs write at once, the lines of one may get lost: nothing depends on them.
func (p *Publisher) Log(ctx context.Context, id int64, text string, fresh bool) error {
	_, err := p.log(ctx, id, text, fresh)
	return err
}

// EndLog adds the last lines, and makes the log whole.
func (p *Publisher) EndLog(ctx context.Context, id int64, text string, fresh bool) error {
	whole, err := p.log(ctx, id, text, fresh)
	if err != nil {
		return err
	}
	return p.writeLog(ctx, id, logOut, whole)
}

func (p *Publisher) log(ctx context.Context, id int64, text string, fresh bool) ([]byte, error) {
	var whole []byte
	if !fresh {
		object, err := p.Bucket.Get(ctx, Dir(id)+logErr)
		if err != nil && !errors.Is(err, blob.ErrNotFound) {
			return nil, fmt.Errorf("read the log of compose %d: %w", id, err)
		}
		whole = object.Body
	}
	if len(whole)+len(text) > logMost {
		return whole, nil
	}
	whole = append(whole[:len(whole):len(whole)], text...)
	return whole, p.writeLog(ctx, id, logErr, whole)
}

func (p *Publisher) writeLog(ctx context.Context, id int64, name string, body []byte) error {
	if _, err := p.Bucket.Put(ctx, Dir(id)+name, body, blob.Any, blob.Type(plain), blob.CacheControl("no-cache")); err != nil {
		return fmt.Errorf("write the log of compose %d: %w", id, err)
	}
	return nil
}

// Doom writes that a compose failed. What its directory has stays until its end.
func (p *Publisher) Doom(ctx context.Context, id int64) error {
	return p.status(ctx, id, productmd.Doomed)
}
