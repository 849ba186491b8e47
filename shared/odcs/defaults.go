package odcs

import (
	"cmp"

	"github.com/distaff-project/distaff/shared/compose"
)

// Defaults are what a server adds to requests, and how far they may go.
type Defaults struct {
	// Koji is the instance packages come from.
	Koji string
	// Sigkeys and Arches are taken where a request has none; no Arches are
	// x86_64, no Sigkeys mean that unsigned packages will do.
	Sigkeys, Arches []string
	// Seconds a compose lives if nothing is asked for; 0: 86400. More than
	// SecondsMost is cut to it without a word; 0: 259200. They are ODCS's.
	Seconds, SecondsMost int64
	// RawConfigs are the configurations of type raw_config, by name.
	RawConfigs map[string]RawConfig
	// TargetDirs are the names of directories besides "default".
	TargetDirs []string
	// Types are the types of source this server makes; nil: all but repo and
	// pulp, which need something set up.
	Types []compose.SourceType
	// Outside tells why this server does not read from an address that a request
	// names; nil: it reads from all.
	Outside func(address string) error
	// BaseModules are never made; nil: platform and bootstrap.
	BaseModules []string
}

// RawConfig is what a server knows of a configuration beforehand.
type RawConfig struct {
	// Seconds and SecondsMost stand for those of Defaults where they are not 0.
	Seconds, SecondsMost int64
}

// Limits on a request, so that it fits into a document and a message.
const (
	// ListMost is how many elements a list may have.
	ListMost = 10_000
	// AddressesMost is how many addresses a list may have: each is read.
	AddressesMost = 50
	// TagsMost is how many tags a request may name: each is listed as a whole.
	// OthersMost is the same for modules and tasks, for each of which somebody is
	// asked.
	TagsMost   = 50
	OthersMost = 500
	// RPMsMost is how many RPMs a locked list may name.
	RPMsMost = 200_000
	// WordMost is the longest element, in bytes; that of an address is longer.
	WordMost    = 255
	AddressMost = 2000
	// RequestMost is the size of a request as it is kept, in bytes.
	RequestMost = 96 << 10
	// BodyMost is the size of a body, in bytes.
	BodyMost = 16 << 20
)

// ODCS's own defaults, in seconds.
const (
	day       = 86400
	threeDays = 3 * day
)

// life is for how long a compose is to live when asked seconds are wished.
func (d Defaults) life(asked int64, raw RawConfig) int64 {
	usual := cmp.Or(raw.Seconds, d.Seconds, day)
	most := cmp.Or(raw.SecondsMost, d.SecondsMost, threeDays)
	return min(cmp.Or(asked, usual), most)
}

// Life is how many seconds a compose lives for which a life of seconds is
// wished, 0 for none. RawConfig names its configuration, if it has one.
func (d Defaults) Life(seconds int64, rawConfig string) int64 {
	return d.life(seconds, d.RawConfigs[rawConfig])
}

func (d Defaults) makes(t compose.SourceType) bool {
	if d.Types == nil {
		return t != compose.Repo && t != compose.Pulp
	}
	for _, made := range d.Types {
		if made == t {
			return true
		}
	}
	return false
}
