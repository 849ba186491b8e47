package stories

import (
	"errors"
	"slices"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/dead"
)

func operatorPhrases() []phrase {
	return []phrase{
		says(`the operator replays the dead letters( once more)?`, func(p *player, words, _ []string) error {
			return p.replay(words[0] != "")
		}),
	}
}

// replay gives the dead letters to the broker of the function that failed, as
// `distaff dead replay` does; those that were replayed only when asked to.
func (p *player) replay(again bool) error {
	letters, _, err := dead.Letters(p.ctx, p.world.Files, dead.Filter{}, 0)
	if err == nil && len(letters) == 0 {
		err = errors.New("there are none")
	}
	for _, l := range slices.Backward(letters) {
		if err != nil {
			return err
		}
		if l.Replayed && !again {
			continue
		}
		err = p.replayOne(l)
	}
	return err
}

func (p *player) replayOne(l dead.Letter) error {
	letter, err := dead.Open(p.ctx, p.world.Files, l.Key)
	if err != nil {
		return err
	}
	mark, err := dead.ReadMark(p.ctx, p.world.Files, l.Key)
	if err != nil {
		return err
	}
	to := eventing.Broker
	for _, f := range p.world.Functions() {
		if f.Name == l.To {
			to = eventing.BrokerOf(f)
		}
	}
	e := dead.Again(*letter.Event, mark.Times+1)
	if err := p.world.Broker.PublishTo(p.ctx, to, e); err != nil {
		return err
	}
	return dead.WriteMark(p.ctx, p.world.Files, l.Key, dead.Mark{Times: mark.Times + 1, At: p.clock.now(), ID: e.ID(), To: to})
}
