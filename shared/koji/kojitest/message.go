package kojitest

import (
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
)

type message struct {
	topic string
	body  []byte
}

// announce writes what the plugin koji-fedoramessaging says of a change: only
// of scratch tasks somebody asked for, and nothing when one is made. Server.mu
// must be held.
func (s *Server) announce(t *task, old, now koji.State) {
	if s.config.OnMessage == nil || t.parent != 0 || !scratch(t) {
		return
	}
	if s.trouble.messages > 0 {
		s.trouble.messages--
		return
	}
	source, _ := t.request[0].(string)
	body, err := json.Marshal(map[string]any{
		"info": s.info(t, true), "method": t.method, "attribute": "state",
		"old": old.String(), "new": now.String(), "id": t.id, "owner": t.owner.name,
		"srpm": path.Base(source), "instance": "primary",
		"base_url": s.baseURL, "files_base_url": s.baseURL + "/kojifiles/work",
	})
	if err != nil {
		panic(fmt.Sprintf("a task that cannot be written as JSON: %v", err))
	}
	s.outbox = append(s.outbox, message{s.config.TopicPrefix + ".buildsys.task.state.change", body})
}

func scratch(t *task) bool {
	if len(t.request) == 0 {
		return false
	}
	options, _ := t.request[len(t.request)-1].(map[string]any)
	return options["scratch"] == true
}

// info is a task as the plugin writes it: names for numbers, whole seconds, no
// fractions; the request only of the task itself.
func (s *Server) info(t *task, request bool) map[string]any {
	info := t.row(request)
	for _, name := range []string{"weight", "create_ts", "start_ts", "completion_ts"} {
		delete(info, name)
	}
	info["create_time"], info["start_time"], info["completion_time"] = seconds(t.created), seconds(t.started), seconds(t.finished)
	info["owner"] = t.owner.name
	info["host_name"] = nil
	if t.host != nil {
		info["host_name"] = hostName
	}
	info["url"] = fmt.Sprintf("%s/koji/taskinfo?taskID=%d", s.baseURL, t.id)
	info["result"] = t.result
	children := []any{}
	for _, child := range t.children {
		children = append(children, s.info(child, false))
	}
	info["children"] = children
	return info
}

// hostName is the builder all tasks run on.
const hostName = "localhost"

func seconds(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return float64(at.Unix())
}

// flush sends what is to be sent, in order. Only one goroutine does so at a
// time; others leave theirs to it.
func (s *Server) flush() {
	s.mu.Lock()
	if s.flushing {
		s.mu.Unlock()
		return
	}
	s.flushing = true
	for len(s.outbox) > 0 {
		next := s.outbox[0]
		s.outbox = s.outbox[1:]
		s.mu.Unlock()
		s.config.OnMessage(next.topic, next.body)
		s.mu.Lock()
	}
	s.flushing = false
	s.mu.Unlock()
}
