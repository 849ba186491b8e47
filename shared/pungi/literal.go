package pungi

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *parser) expression(depth int) (Value, error) {
	left, err := p.operand(depth)
	for err == nil && p.is("+") {
		if err = p.step(); err != nil {
			break
		}
		var right Value
		if right, err = p.operand(depth); err == nil {
			left, err = p.join(left, right)
		}
	}
	return left, err
}

func (p *parser) join(left, right Value) (Value, error) {
	switch left := left.(type) {
	case string:
		if right, ok := right.(string); ok {
			if p.size += len(left) + len(right); p.size > maxText {
				return nil, p.fail("the strings are larger than %d bytes", maxText)
			}
			return left + right, nil
		}
	case List:
		if right, ok := right.(List); ok {
			return append(append(List{}, left...), right...), p.count(len(left) + len(right))
		}
	case Tuple:
		if right, ok := right.(Tuple); ok {
			return append(append(Tuple{}, left...), right...), p.count(len(left) + len(right))
		}
	}
	return nil, p.fail("+ joins two strings, two lists or two tuples")
}

func (p *parser) count(n int) error {
	if p.values += n; p.values > maxValues {
		return p.fail("more than %d values", maxValues)
	}
	return nil
}

func (p *parser) operand(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, p.fail("brackets in brackets, more than %d deep", maxDepth)
	}
	if err := p.count(1); err != nil {
		return nil, err
	}
	t := p.token
	switch t.kind {
	case str:
		text := t.text
		for {
			if err := p.step(); err != nil {
				return nil, err
			}
			if p.token.kind != str {
				return text, nil
			}
			if p.size += len(text); p.size > maxText {
				return nil, p.fail("the strings are larger than %d bytes", maxText)
			}
			text += p.token.text
		}
	case number:
		return p.number("")
	case name:
		return p.named()
	case mark:
		switch t.text {
		case "-":
			if err := p.step(); err != nil {
				return nil, err
			}
			if p.token.kind != number {
				return nil, p.fail("a minus sign stands before numbers only")
			}
			return p.number("-")
		case "[":
			items, _, err := p.items("]", depth)
			return List(items), err
		case "(":
			items, comma, err := p.items(")", depth)
			if err == nil && len(items) == 1 && !comma {
				return items[0], nil
			}
			return Tuple(items), err
		case "{":
			return p.dict(depth)
		}
	case end, newline:
		return nil, p.fail("a value is missing")
	}
	return nil, p.fail("%.40q is no value", t.text)
}

func (p *parser) named() (Value, error) {
	t := p.token
	if err := p.step(); err != nil {
		return nil, err
	}
	switch t.text {
	case "None":
		return nil, nil
	case "True":
		return true, nil
	case "False":
		return false, nil
	}
	value, known := p.known[t.text]
	if !known {
		return nil, &lineError{t.line, fmt.Sprintf("%.80s is not assigned before, and nothing else is evaluated", t.text)}
	}
	p.used[t.text] = true
	return value, nil
}

func (p *parser) number(sign string) (Value, error) {
	text := sign + p.token.text
	bad := p.fail("%.40s is no number that is read", text)
	plain := strings.ReplaceAll(p.token.text, "_", "")
	digits := strings.TrimLeft(plain, "0")
	if len(plain) > 1 && plain[0] == '0' && isDigit(plain[1]) && digits != "" && !strings.ContainsAny(plain, ".eE") {
		return nil, bad // Python refuses 012, too
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	if strings.ContainsAny(text, "xXpPiInN") && !strings.HasPrefix(strings.ToLower(strings.TrimPrefix(text, "-")), "0x") {
		return nil, bad
	}
	base := 0
	if digits == "" {
		base = 10 // 00
	}
	if n, err := strconv.ParseInt(text, base, 64); err == nil {
		return n, nil
	}
	if strings.ContainsAny(text, ".eE") && !strings.ContainsAny(text, "xX_") {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f, nil
		}
	}
	return nil, bad
}

// items reads values up to a bracket, and tells whether a comma stood there.
func (p *parser) items(closing string, depth int) (items []Value, comma bool, err error) {
	if err := p.step(); err != nil {
		return nil, false, err
	}
	for !p.is(closing) {
		value, err := p.expression(depth + 1)
		if err != nil {
			return nil, false, err
		}
		items = append(items, value)
		if !p.is(",") {
			break
		}
		comma = true
		if err := p.step(); err != nil {
			return nil, false, err
		}
	}
	if !p.is(closing) {
		return nil, false, p.unclosed(closing)
	}
	return items, comma, p.step()
}

func (p *parser) unclosed(closing string) error {
	if p.token.kind == end {
		return p.fail("%s is missing", closing)
	}
	return p.after()
}

func (p *parser) dict(depth int) (Value, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	out := Dict{}
	for !p.is("}") {
		key, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		text, ok := key.(string)
		if !ok {
			return nil, p.fail("keys of a dict are strings")
		}
		if !p.is(":") {
			return nil, p.fail("%.40q in braces has no value: sets are not read", text)
		}
		if err := p.step(); err != nil {
			return nil, err
		}
		if out[text], err = p.expression(depth + 1); err != nil {
			return nil, err
		}
		if !p.is(",") {
			break
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	if !p.is("}") {
		return nil, p.unclosed("}")
	}
	return out, p.step()
}
