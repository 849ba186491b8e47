package kojitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// maxRequest is the hub's MaxRequestLength.
const maxRequest = 4 << 20

func (s *Server) serveHub(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Koji-Version", "1.35.3")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "This is an XML-RPC server. Only POST requests are accepted.", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		http.Error(w, "reading the request", http.StatusBadRequest)
		return
	}
	method, params, err := xmlrpc.ReadCall(bytes.NewReader(body), maxRequest)
	if err != nil {
		http.Error(w, "Invalid request: "+err.Error(), http.StatusBadRequest)
		return
	}
	trouble := s.nextTrouble(method)
	if !s.before(w, r, trouble) {
		return
	}
	answer := s.answer(r, method, params, trouble)
	s.after(w, answer, trouble)
}

func (s *Server) answer(r *http.Request, method string, params []any, trouble Trouble) []byte {
	if trouble == Offline {
		return encodeFault(fault(koji.FaultOffline, "server is offline"))
	}
	if trouble == SessionExpired {
		s.ExpireSessions()
	}
	session, refused := s.identify(r)
	if refused != nil {
		return encodeFault(refused)
	}
	value, refused := s.dispatch(&call{server: s, request: r, session: session}, method, params)
	s.flush()
	if refused != nil {
		return encodeFault(refused)
	}
	return encodeReply(value)
}

// method is one call the hub knows: the names of its parameters, of which the
// first needed ones have no default.
type method struct {
	params []string
	needed int
	run    func(*call) (any, *koji.Fault)
}

// call is a call being answered.
type call struct {
	server  *Server
	request *http.Request
	session *session
	args    map[string]any
}

func (c *call) arg(name string) any { return c.args[name] }

// flag is a truth value as Python sees it.
func (c *call) flag(name string) bool {
	switch v := c.args[name].(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case nil:
		return false
	}
	return true
}

func (s *Server) dispatch(c *call, name string, params []any) (any, *koji.Fault) {
	if name == "multiCall" || name == "system.multicall" {
		return s.multiCall(c, params)
	}
	m, known := s.methods[name]
	if !known || slices.Contains(s.config.Without, name) {
		return nil, fault(koji.FaultGeneric, "Invalid method: %s", name)
	}
	args, refused := bind(name, m, params)
	if refused != nil {
		return nil, refused
	}
	s.mu.Lock()
	s.stats.Calls[name]++
	s.mu.Unlock()
	inner := *c
	inner.args = args
	return m.run(&inner)
}

// multiCall runs calls one after another; one that fails does not stop those
// after it.
func (s *Server) multiCall(c *call, params []any) (any, *koji.Fault) {
	if len(params) != 1 {
		return nil, fault(koji.FaultParameter, "multiCall() takes 2 positional arguments but %d were given", len(params)+1)
	}
	calls, _ := params[0].([]any)
	results := make([]any, 0, len(calls))
	for _, item := range calls {
		members, _ := item.(map[string]any)
		name, _ := members["methodName"].(string)
		args, _ := members["params"].([]any)
		value, refused := s.dispatch(c, name, args)
		if refused != nil {
			failed := faultStruct(refused)
			failed["traceback"] = []any{"Traceback (most recent call last):\n", refused.Text + "\n"}
			results = append(results, failed)
			continue
		}
		results = append(results, []any{value})
	}
	return results, nil
}

// bind gives arguments their names, as Python does. A struct with "__starstar"
// in the last place holds keyword arguments.
func bind(name string, m method, params []any) (map[string]any, *koji.Fault) {
	args := map[string]any{}
	keywords := map[string]any{}
	if n := len(params); n > 0 {
		if last, ok := params[n-1].(map[string]any); ok && last["__starstar"] == true {
			keywords, params = last, params[:n-1]
		}
	}
	if len(params) > len(m.params) {
		return nil, fault(koji.FaultParameter, "%s() takes %d positional arguments but %d were given",
			name, len(m.params), len(params))
	}
	for i, value := range params {
		args[m.params[i]] = value
	}
	known := " " + strings.Join(m.params, " ") + " "
	for _, key := range sortedKeys(keywords) {
		if key == "__starstar" {
			continue
		}
		if !strings.Contains(known, " "+key+" ") {
			return nil, fault(koji.FaultParameter, "%s() got an unexpected keyword argument '%s'", name, key)
		}
		if _, twice := args[key]; twice {
			return nil, fault(koji.FaultParameter, "%s() got multiple values for argument '%s'", name, key)
		}
		args[key] = keywords[key]
	}
	for _, key := range m.params[:m.needed] {
		if _, given := args[key]; !given {
			return nil, fault(koji.FaultParameter, "%s() missing 1 required positional argument: '%s'", name, key)
		}
	}
	return args, nil
}

func fault(code int64, format string, args ...any) *koji.Fault {
	return &koji.Fault{Code: code, Text: fmt.Sprintf(format, args...)}
}
