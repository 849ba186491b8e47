package productmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ReadRPMs reads rpms.json, no more than limit bytes and most packages of it,
// and hands on each package in the order of the file; an error of each ends the
// reading. Nothing of it is held but one source package's list.
//
// The compose is checked when it is found, which may be after the packages.
func ReadRPMs(r io.Reader, limit int64, most int, each func(RPM) error) (Compose, error) {
	in := rpmsReader{dec: json.NewDecoder(newBounded(r, limit)), most: most, each: each}
	compose, err := in.read()
	if err != nil && !errors.Is(err, errEach) {
		return Compose{}, wrong("rpms.json: %w", cause(err))
	}
	return compose, in.stopped
}

var errEach = errors.New("ended by its reader")

type rpmsReader struct {
	dec     *json.Decoder
	most    int
	each    func(RPM) error
	stopped error
}

func (in *rpmsReader) read() (Compose, error) {
	var head *header
	var compose *composeJSON
	rpms := false
	err := in.object(func(key string) error {
		switch key {
		case "header":
			return in.dec.Decode(&head)
		case "payload":
			return in.object(func(key string) error {
				switch key {
				case "compose":
					return in.dec.Decode(&compose)
				case "rpms":
					rpms = true
					return in.variants()
				}
				return in.skip()
			})
		}
		return in.skip()
	})
	if err != nil {
		return Compose{}, err
	}
	if _, err := in.dec.Token(); !errors.Is(err, io.EOF) {
		return Compose{}, errors.New("something follows the end")
	}
	if head == nil || compose == nil || !rpms {
		return Compose{}, errors.New("header, payload.compose or payload.rpms is not there")
	}
	if err := head.check(typeRPMs); err != nil {
		return Compose{}, err
	}
	return compose.compose()
}

func (in *rpmsReader) variants() error {
	return in.object(func(variant string) error {
		return in.object(func(arch string) error {
			return in.object(func(source string) error {
				return in.object(func(nevra string) error {
					p := RPM{Variant: variant, Arch: arch, Source: source, NEVRA: nevra}
					if err := in.dec.Decode(&p.Entry); err != nil {
						return fmt.Errorf("%.120q: %w", nevra, err)
					}
					if p.SigKey != nil {
						p.SigKey = Signed(*p.SigKey)
					}
					if err := p.check(); err != nil {
						return err
					}
					if in.most--; in.most < 0 {
						return errors.New("more packages than are read")
					}
					if in.stopped = in.each(p); in.stopped != nil {
						return errEach
					}
					return nil
				})
			})
		})
	})
}

// object reads an object, telling each of its keys; member reads the value.
func (in *rpmsReader) object(member func(key string) error) error {
	token, err := in.dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return fmt.Errorf("an object was to stand at byte %d", in.dec.InputOffset())
	}
	for in.dec.More() {
		token, err := in.dec.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("a name was to stand at byte %d", in.dec.InputOffset())
		}
		if err := member(strings.Clone(key)); err != nil {
			return err
		}
	}
	_, err = in.dec.Token()
	return err
}

func (in *rpmsReader) skip() error {
	var dropped json.RawMessage
	return in.dec.Decode(&dropped)
}
