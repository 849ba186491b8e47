package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// keepUnknown writes after over raw, which before was read from, so that
// members this version of the program does not know survive: an older revision
// of a function may run beside a newer one. Members are told apart by their
// path through objects, so documents hold maps rather than lists where a newer
// version may add something.
func keepUnknown(raw []byte, before, after any) ([]byte, error) {
	knownRaw, err := json.Marshal(before)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	freshRaw, err := json.Marshal(after)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if string(raw) == "{}" || bytes.Equal(raw, knownRaw) {
		return freshRaw, nil // nothing unknown in it, as nearly always
	}
	var old, known, fresh any
	if err := errors.Join(tree(raw, &old), tree(knownRaw, &known), tree(freshRaw, &fresh)); err != nil {
		return nil, err
	}
	body, err := json.Marshal(overlay(old, known, fresh))
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return body, nil
}

// overlay adds to fresh what old has and known has not.
func overlay(old, known, fresh any) any {
	oldMap, ok := old.(map[string]any)
	freshMap, ok2 := fresh.(map[string]any)
	if !ok || !ok2 {
		return fresh
	}
	knownMap, _ := known.(map[string]any)
	for name, value := range oldMap {
		knownValue, isKnown := knownMap[name]
		freshValue, isFresh := freshMap[name]
		switch {
		case isKnown && isFresh:
			freshMap[name] = overlay(value, knownValue, freshValue)
		case !isKnown && !isFresh:
			freshMap[name] = value
		}
	}
	return freshMap
}

// tree keeps numbers as they are written: a task id is no float.
func tree(raw []byte, out *any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(out)
}
