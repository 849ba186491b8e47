// Package xmlrpc speaks the dialect of XML-RPC a Koji hub speaks: it writes
// calls, and reads replies value by value as they arrive, so that a tag with
// twenty thousand packages never stands in memory as a tree.
//
// Calls are encoded by github.com/kolo/xmlrpc. Replies are read here, because
// a list of 30 MiB takes that library seconds and half a gigabyte, and because
// to it a missing string and an empty one are the same.
package xmlrpc

import (
	"fmt"

	kolo "github.com/kolo/xmlrpc"
)

// Fault is the hub's refusal of a call: http://xmlrpc.com/spec.md, "Fault
// example".
type Fault struct { //nolint:errname // the protocol calls it so
	Code int64
	Text string
}

// Error gives the code and the text.
func (f *Fault) Error() string { return fmt.Sprintf("fault %d: %s", f.Code, f.Text) }

// Kwargs are Python keyword arguments. Koji takes a struct holding
// "__starstar" in the last place of a call for them (koji.encode_args).
type Kwargs map[string]any

// Encode writes a call. A nil argument is refused at any depth: what the
// encoder makes of one is dropped by the hub, and the later arguments move
// into its place. Leave the keyword out instead.
func Encode(method string, args ...any) ([]byte, error) {
	wire := make([]any, len(args))
	for i, arg := range args {
		ready, err := prepare(arg, 0)
		if err != nil {
			return nil, fmt.Errorf("argument %d of %s: %w", i+1, method, err)
		}
		wire[i] = ready
	}
	raw, err := kolo.EncodeMethodCall(method, wire...)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", method, err)
	}
	return raw, nil
}

// prepare copies an argument into the kinds the encoder writes without
// reflection surprises, and refuses the others.
func prepare(arg any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v := arg.(type) {
	case bool, int, int64, float64, string, kolo.Base64:
		return v, nil
	case []byte:
		return encodeBase64(v), nil
	case []string:
		return v, nil
	case []int64:
		return v, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			ready, err := prepare(item, depth+1)
			if err != nil {
				return nil, fmt.Errorf("item %d: %w", i, err)
			}
			out[i] = ready
		}
		return out, nil
	case Kwargs:
		out, err := prepareMap(v, depth)
		if err == nil {
			out["__starstar"] = true
		}
		return out, err
	case map[string]any:
		return prepareMap(v, depth)
	default:
		return nil, fmt.Errorf("a %T cannot be sent", arg)
	}
}

func prepareMap(members map[string]any, depth int) (map[string]any, error) {
	out := make(map[string]any, len(members)+1)
	for name, value := range members {
		if !safeName(name) {
			return nil, fmt.Errorf("member name %q cannot be sent", name)
		}
		ready, err := prepare(value, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = ready
	}
	return out, nil
}

// safeName tells whether the encoder, which does not escape names, writes this
// one whole.
func safeName(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c == '<' || c == '&' || c == '>' || c >= 0x7f {
			return false
		}
	}
	return name != ""
}
