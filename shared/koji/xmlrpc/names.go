package xmlrpc

// known gives the name of a tag that is one of those a hub writes, without
// looking it up or making a string: nearly all that is read are these.
func known(name []byte) string {
	switch string(name) {
	case "value":
		return "value"
	case "/value":
		return "/value"
	case "member":
		return "member"
	case "/member":
		return "/member"
	case "name":
		return "name"
	case "/name":
		return "/name"
	case "string":
		return "string"
	case "/string":
		return "/string"
	case "int":
		return "int"
	case "/int":
		return "/int"
	case "boolean":
		return "boolean"
	case "/boolean":
		return "/boolean"
	case "double":
		return "double"
	case "/double":
		return "/double"
	case "struct":
		return "struct"
	case "/struct":
		return "/struct"
	case "array":
		return "array"
	case "/array":
		return "/array"
	case "data":
		return "data"
	case "/data":
		return "/data"
	}
	return ""
}

// intern keeps one copy of a name that comes again and again. What a hub sends
// has some hundred of them; beyond that names are made anew.
func (s *scanner) intern(name []byte) string {
	if kept, ok := s.names[string(name)]; ok {
		return kept
	}
	text := string(name)
	if len(s.names) < 4096 && len(name) <= 64 {
		s.names[text] = text
	}
	return text
}
